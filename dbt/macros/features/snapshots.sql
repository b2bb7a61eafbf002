{#
    The snapshots that a feature group still has to compute, as a sub-select: (customer_key, as_of,
    day_end). A final snapshot is computed once. One that is not final, today's among them, is computed
    in full by each build, because rows of its days may still be committed late.

    `not in` keeps the planner from expecting one row, where `not exists` on two keys would.
#}
{% macro missing_snapshots() -%}
    (
        select customer_key, as_of, (as_of + 1)::timestamp as day_end
        from {{ ref("feat_customer__snapshots") }}
        {% if is_incremental() %}
            where
                not is_final
                or (customer_key, as_of) not in (select customer_key, as_of from {{ this }})
        {% endif %}
    )
{%- endmacro %}


{# Before a feature group is built: removes the snapshots that are computed again, or exist no more. #}
{% macro delete_open_snapshots() -%}
    {%- set snapshots = ref("feat_customer__snapshots") -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where
            (customer_key, as_of)
            not in (select customer_key, as_of from {{ snapshots }} where is_final)
    {%- endif -%}
{%- endmacro %}


{#
    The order lines of each customer as they were valid at the end of each snapshot's day, without the
    lines of cancelled orders. `columns`: columns of bridge_order_lines. One row per snapshot and line;
    a snapshot without lines has no row.
#}
{% macro order_lines_as_of(columns) -%}
    (
        select
            snapshots.customer_key,
            snapshots.as_of,
            {% for column in columns %} lines.{{ column }}, {% endfor %}
            lines.ordered_at::date as ordered_on,
            snapshots.as_of - lines.ordered_at::date as days_ago
        from {{ missing_snapshots() }} as snapshots
        inner join
            {{ ref("bridge_order_lines") }} as lines
            on lines.customer_key = snapshots.customer_key
            and lines.ordered_at < snapshots.day_end
            and lines.valid_from < snapshots.day_end
            and lines.valid_to >= snapshots.day_end
        where not lines.is_cancelled
    )
{%- endmacro %}


{#
    What came of each row (customer_key, as_of) of a step: churned if the customer bought nothing in the
    90 days after as_of, as it was valid when they ended. The 90 days of every row have to be over.
#}
{% macro churn_labels(step) -%}
    (
        select
            described.customer_key,
            described.as_of,
            case when purchases.customer_key is null then 'churned' else 'stayed' end as churned
        from {{ step }} as described
        left join
            (
                select distinct bought.customer_key, bought.as_of
                from {{ step }} as bought
                inner join
                    {{ ref("bridge_order_lines") }} as lines
                    on lines.customer_key = bought.customer_key
                    and lines.ordered_at >= bought.as_of + 1
                    and lines.ordered_at < bought.as_of + 91
                    and lines.valid_from < bought.as_of + 91
                    and lines.valid_to >= bought.as_of + 91
                where lines.kind = 'sale' and not lines.is_cancelled
            ) as purchases
            on purchases.customer_key = described.customer_key
            and purchases.as_of = described.as_of
    )
{%- endmacro %}
