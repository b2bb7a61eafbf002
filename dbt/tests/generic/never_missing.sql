{#
    not_null for many columns of a table at once: fails for each of them that is NULL somewhere, with
    its name and how often. The table is read once, and dbt has one test to run where it had dozens.
#}
{% test never_missing(model, columns) %}

    with
        counted as (
            select
                {% for column in columns %}
                    count(*) - count({{ adapter.quote(column) }}) as {{ adapter.quote(column) }}
                    {{- "," if not loop.last }}
                {% endfor %}
            from {{ model }}
        )

    select missing.key as column_name, missing.value::bigint as rows
    from counted
    cross join lateral jsonb_each_text(to_jsonb(counted)) as missing
    where missing.value <> '0'

{% endtest %}
