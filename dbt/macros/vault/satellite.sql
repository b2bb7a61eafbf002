{#
    A satellite: what was known of a key, one row for each change.

        {{ satellite(ref("stage_customers"), "customer_key", ["city", "newsletter"], "shop.customers") }}

    A row is inserted when its columns differ from the newest row of its key; none is ever changed.
    `known_at` says from when the first row of a key counts; a later row is a change and counts from
    updated_at. By default the first one does too: that is when the shop surely knew it. Columns
    that never change after they are recorded are known from recorded_at, and what carries its own
    moment from that moment on. `where`: rows that have something to say.
#}
{% macro satellite(stage, key, columns, record_source, known_at="updated_at", where="true") %}
    {{- indexed(key) }}
    with
        staged as (
            select
                {{ key }},
                {{ hash_key(columns) }} as hash_diff,
                {% for column in columns %} {{ column }}, {% endfor %}
                {{ known_at }} as known_at,
                updated_at
            from {{ stage }}
            where
                {{ where }}
                {% if is_incremental() %} and updated_at >= {{ known_up_to() }} {% endif %}
        )

        {% if is_incremental() %}
            ,
            newest as (
                select distinct on ({{ key }}) {{ key }}, hash_diff
                from {{ this }}
                where {{ key }} in (select {{ key }} from staged)
                order by {{ key }}, known_at desc, load_date desc
            )
        {% endif %}

    select
        staged.{{ key }},
        staged.hash_diff,
        {% for column in columns %} staged.{{ column }}, {% endfor %}
    {% if is_incremental() %}
            {{
                load_columns(
                    "case when newest.hash_diff is null then staged.known_at else staged.updated_at end",
                    record_source,
                )
            }}
        from staged
        left join newest on newest.{{ key }} = staged.{{ key }}
        where newest.hash_diff is distinct from staged.hash_diff
    {% else %} {{ load_columns("staged.known_at", record_source) }} from staged
    {% endif %}
{% endmacro %}
