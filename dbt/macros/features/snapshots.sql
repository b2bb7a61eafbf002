{#
    The snapshots a feature group still has to describe: those it does not hold yet, and today's.

    What was known at the end of a day that is over never changes, so a snapshot is described once.
#}
{% macro snapshots_to_describe() -%}
    (
        select customer_key, as_of, (as_of + 1)::timestamp as day_end
        from {{ ref("feat_customer__snapshots") }} as snapshots
        {% if is_incremental() %}
            where
                is_current
                or not exists (
                    select
                    from {{ this }} as described
                    where
                        described.customer_key = snapshots.customer_key
                        and described.as_of = snapshots.as_of
                )
        {% endif %}
    )
{%- endmacro %}


{#
    The order lines of each customer as they were known at the end of each snapshot's day: nothing
    that became known later, nothing that was cancelled by then. `columns` are those of
    bridge_order_lines, one row per snapshot and line; a snapshot without lines is not among them.
#}
{% macro lines_known_at_snapshots(columns) -%}
    (
        select
            snapshots.customer_key,
            snapshots.as_of,
            {% for column in columns %} lines.{{ column }}, {% endfor %}
            snapshots.as_of - lines.ordered_at::date as days_ago
        from {{ snapshots_to_describe() }} as snapshots
        inner join
            {{ ref("bridge_order_lines") }} as lines
            on lines.customer_key = snapshots.customer_key
            and lines.ordered_at < snapshots.day_end
            and lines.known_from < snapshots.day_end
            and lines.known_to >= snapshots.day_end
        where not lines.is_cancelled
    )
{%- endmacro %}


{# Removes what a feature group holds of days that are no snapshot any more, such as yesterday. #}
{% macro forget_other_snapshots() -%}
    delete from {{ this }} as described
    where
        not exists (
            select
            from {{ ref("feat_customer__snapshots") }} as snapshots
            where
                snapshots.customer_key = described.customer_key
                and snapshots.as_of = described.as_of
        )
{%- endmacro %}
