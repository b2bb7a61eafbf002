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


{#
    What a table of the vault is asked: is this key here, and what has come, or was known, since then?
    `more`: other keys that it is asked for.
#}
{% macro indexed(key, more=[]) -%}
    {%- set indexes = [{"columns": ["load_date", "known_at"], "type": "brin"}] -%}
    {%- for column in [key] + more -%}
        {%- do indexes.append({"columns": [column]}) -%}
    {%- endfor -%}
    {{- config(indexes=indexes) -}}
{%- endmacro %}


{# What every table of the vault ends with. #}
{% macro load_columns(known_at, record_source) -%}
    {{ known_at }} as known_at,
    {{ this_load() }} as load_date,
    {{ sql_text(record_source) }}::text as record_source
{%- endmacro %}


{# The load date of what this run adds. #}
{% macro this_load() -%}
    timestamp '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}'
{%- endmacro %}


{#
    How far this table of the vault has read its source. Rows of that very moment are read again,
    because more of them may have come since; those already here are left out by their keys. The build
    before has left word of it, because looking for the newest of ten million rows takes seconds.
#}
{% macro known_up_to() -%}
    {%- if execute and is_incremental() -%}
        {%- set query -%}
            select mark
            from {{ marks_relation() }}
            where name = {{ sql_text("known " ~ model.unique_id) }} and exists (select from {{ this }})
        {%- endset -%}
        {%- set found = run_query(query).rows -%}
        {%- if found -%} {{- return("timestamp '" ~ found[0][0] ~ "'") -}} {%- endif -%}
    {%- endif -%}
    {{- return(newest_here("known_at")) -}}
{%- endmacro %}


{# After a table of the vault was built: how far it has read. #}
{% macro remember_what_is_known() -%}
    {%- if execute -%}
        {%- set query -%}
            select greatest({{ known_up_to() }}, max(known_at))::text
            from {{ this }}
            where load_date >= {{ this_load() }}
        {%- endset -%}
        {{- leave_word("known " ~ model.unique_id, run_query(query).rows[0][0]) -}}
    {%- endif -%}
{%- endmacro %}
