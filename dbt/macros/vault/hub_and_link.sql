{#
    A hub: each business key once. `valid_from` says when the shop first recorded it.

        {{ hub(ref("stage_customers"), "customer_key", ["customer_number"], "shop.customers") }}
#}
{% macro hub(stage, key, business_key, record_source) %}
    {{- new_keys(stage, key, business_key, "recorded_at", record_source) }}
{% endmacro %}


{#
    A link: each combination of business keys once. The satellite that carries a link's key says which
    of several links of one thing is in force. `lookup`: other columns that get an index.
#}
{% macro link(stage, key, columns, record_source, lookup=[]) %}
    {{- new_keys(stage, key, columns, "updated_at", record_source, lookup) }}
{% endmacro %}


{# The rows of a stage whose key is not in this table yet; rows that are there never change. #}
{% macro new_keys(stage, key, columns, valid_from, record_source, lookup=[]) %}
    {{- vault_indexes(key, unique=true, lookup=lookup) }}
    with
        staged as (
            select
                {{ key }},
                {% for column in columns %} {{ column }}, {% endfor %}
                {{ load_columns(valid_from, record_source) }}
            from {{ stage }}
            {% if is_incremental() %}
                where {{ changed_rows("updated_at", "valid_from", var("lookback")) }}
            {% endif %}
        )

    {% if is_incremental() %}
            ,
            -- Read once, as a join: Citus refuses a subquery for each row.
            existing as (
                select {{ key }} from {{ this }} where {{ key }} in (select {{ key }} from staged)
            )

        select staged.*
        from staged
        left join existing on existing.{{ key }} = staged.{{ key }}
        where existing.{{ key }} is null
    {% else %} select * from staged
    {% endif %}
{% endmacro %}


{#
    Indexes of a table of the vault: its key, the watermark, the load date that the tables built on it
    ask for, and the columns in `lookup`.
#}
{% macro vault_indexes(key, unique=false, lookup=[]) -%}
    {%- set indexes = [
        {"columns": [key], "unique": unique},
        {"columns": ["valid_from"]},
        {"columns": ["load_date"], "type": "brin"},
    ] -%}
    {%- for column in lookup -%} {%- do indexes.append({"columns": [column]}) -%} {%- endfor -%}
    {{- config(indexes=indexes) -}}
{%- endmacro %}


{# The last columns of every table of the vault. #}
{% macro load_columns(valid_from, record_source) -%}
    {{ valid_from }} as valid_from,
    {{ this_load() }} as load_date,
    {{ sql_text(record_source) }}::text as record_source
{%- endmacro %}
