{#
    A satellite: the attributes of a key, one row for each change.

        {{ satellite(ref("stage_customers"), "customer_key", ["city", "newsletter"], "shop.customers") }}

    A row is inserted when its attributes differ from the newest row of its key; no row ever changes.
    `valid_from`: the source's column, or an expression, that says from when the first row of a key
    counts. A later row is a change and counts from updated_at, but not from before the row that it
    replaces. By default the first row counts from updated_at too, because earlier values are not
    known. Attributes that never change count from recorded_at; attributes that carry their own time
    count from that time. `where`: the rows of the stage that have a value at all.
#}
{% macro satellite(stage, key, columns, record_source, valid_from="updated_at", where="true") %}
    {{- vault_indexes(key) }}
    with
        staged as (
            select
                {{ key }},
                {{ hash_key(columns) }} as hash_diff,
                {% for column in columns %} {{ column }}, {% endfor %}
                {{ valid_from }} as valid_from,
                updated_at
            from {{ stage }}
            where
                {{ where }}
                {% if is_incremental() %}
                    and {{ changed_rows("updated_at", "valid_from", var("lookback")) }}
                {% endif %}
        )

        {% if is_incremental() %}
            ,
            newest as (
                select distinct on ({{ key }}) {{ key }}, hash_diff, valid_from
                from {{ this }}
                where {{ key }} in (select {{ key }} from staged)
                order by {{ key }}, valid_from desc, load_date desc
            )
        {% endif %}

    select
        staged.{{ key }},
        staged.hash_diff,
        {% for column in columns %} staged.{{ column }}, {% endfor %}
    {% if is_incremental() %}
            {{
                load_columns(
                    "case when newest.hash_diff is null then staged.valid_from"
                    ~ " else greatest(staged.updated_at, newest.valid_from) end",
                    record_source,
                )
            }}
        from staged
        left join newest on newest.{{ key }} = staged.{{ key }}
        where newest.hash_diff is distinct from staged.hash_diff
    {% else %} {{ load_columns("staged.valid_from", record_source) }} from staged
    {% endif %}
{% endmacro %}
