{#
    A large shop is learned from by a part of its customers, the same ones in every snapshot: all of
    them, a half, a quarter … by their hash.
#}
{% macro training_share() -%}
    (
        select
            least(
                1,
                2 ^ ceil(log(2, {{ var("training_customers") }}::numeric / greatest(count(*), 1)))
            )
        from {{ ref("hub_customer") }}
    )
{%- endmacro %}


{#
    The last day that anything is known of, and the load date of that, as described_before returns
    them; none in a shop without orders. What is known never ends earlier than before.
#}
{% macro last_day_known(before) -%}
    {%- set lines = ref("bridge_order_lines") -%}
    {%- if not execute or not load_relation(lines) -%} {{- return(none) -}} {%- endif -%}
    {%- set since = before or {"day": "-infinity", "load_date": "-infinity"} -%}
    {%- set query -%}
        select
            nullif(greatest(max(known_from)::date, '{{ since.day }}'), '-infinity')::text,
            (select max(load_date)::text from {{ lines }})
        from {{ lines }}
        where load_date > timestamp '{{ since.load_date }}'
    {%- endset -%}
    {%- set found = run_query(query).rows[0] -%}
    {{- return({"day": found[0], "load_date": found[1]} if found[0] else none) -}}
{%- endmacro %}


{#
    Before the snapshots are built: customers who were described as of today before are so again, but
    for those with news, who are asked about anew. When a shop has grown, fewer of its customers are
    learned from. All other snapshots stay.
#}
{% macro carry_customers_over() -%}
    {%- set share = training_share() -%}
    {%- if execute and is_incremental() -%}
        {%- set before = described_before() -%}
        {%- set today = last_day_known(before) -%}
        {%- if before and today -%}
            delete from {{ this }}
            where
                is_current
                and customer_key in ({{ customers_with_news(before, today, [var("active_days")]) }})
            ;
            update {{ this }}
            set as_of = date '{{ today.day }}'
            where is_current;
        {%- else -%}
            delete from {{ this }}
            where is_current
            ;
        {%- endif %}
        delete from {{ this }}
        where not is_current and {{ place_by_hash("customer_key") }} >= {{ share }}
        ;
    {%- endif -%}
{%- endmacro %}


{#
    The snapshots a feature group still has to describe. What was known at the end of a day that is
    over never changes, so such a snapshot is described once; today's anew in every build, but for
    those that were carried over (see carrying.sql, which also leaves the list of them).
#}
{% macro snapshots_to_describe() -%}
    (
        select customer_key, as_of, (as_of + 1)::timestamp as day_end
        from
            {% if is_incremental() %} snapshots_to_describe
            {% else %} {{ ref("feat_customer__snapshots") }}
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
