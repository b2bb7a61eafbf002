{#
    A hub: each business key once, with when it was first loaded here and when the shop first knew it.

        {{ hub(ref("stage_customers"), "customer_key", ["customer_number"], "shop.customers") }}

    Insert-only: a key that is there stays as it is.
#}
{% macro hub(stage, key, business_key, record_source) %}
    {{- indexed(key) }}
    {%- set since = known_up_to() %}
    select
        stage.{{ key }},
        {% for column in business_key %} stage.{{ column }}, {% endfor %}
        {{ load_columns("stage.recorded_at", record_source) }}
    from {{ stage }} as stage
    {% if is_incremental() %}
        where
            stage.recorded_at >= {{ since }}
            -- Follows from it, and is what the source has an index on.
            and stage.updated_at >= {{ since }}
            and not exists (
                select from {{ this }} as present where present.{{ key }} = stage.{{ key }}
            )
    {% endif %}
{% endmacro %}


{# What a table of the vault is asked: is this key here, and what has come since then? #}
{% macro indexed(key) -%}
    {{- config(indexes=[{"columns": [key]}, {"columns": ["load_date"], "type": "brin"}]) -}}
{%- endmacro %}


{# What every table of the vault ends with. #}
{% macro load_columns(known_at, record_source) -%}
    {{ known_at }} as known_at,
    timestamp '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as load_date,
    {{ sql_text(record_source) }}::text as record_source
{%- endmacro %}

{#
    How far this table of the vault has read its source. Rows of that very moment are read again,
    because more of them may have come since; those already here are left out by their keys.
#}
{% macro known_up_to() -%} {{- newest_here("known_at") -}} {%- endmacro %}
