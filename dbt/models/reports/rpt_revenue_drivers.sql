{#
    Which slices of the sales explain why the revenue of a month differs from that of the month
    before, and of the same month of the year before: ml.drivers for each of the last 12 whole
    months. A build computes the months again in which a line was added or changed.
#}
{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["month", "comparison"],
        post_hook="delete from {{ this }} where month < (select max(month) from {{ this }}) - interval '11 months'",
    )
}}

{% set rows_sql -%}
    select
        net_amount,
        country,
        channel,
        product_line,
        date_day >= %1$L::date and date_day < %1$L::date + interval '1 month' as is_test
    from {{ ref("obt_order_lines") }}
    where
        date_day >= %1$L::date and date_day < %1$L::date + interval '1 month'
        or date_day >= %2$L::date and date_day < %2$L::date + interval '1 month'
    {# Citus refuses the grouping sets of ml.drivers on its tables, but not on such a query. #}
    {% if has_citus() %} offset 0 {% endif %}
{%- endset %}

with
    bounds as (
        select
            -- A month counts if it is whole.
            date_trunc('month', min(date_day) + interval '1 month -1 day')::date as first_month,
            (date_trunc('month', max(date_day) + 1) - interval '1 month')::date as last_month
        from {{ ref("obt_order_lines") }}
    ),

    months as (
        select
            date_trunc('month', date_day)::date as month,
            bool_or({{ changed_rows("load_date") }}) as is_changed
        from {{ ref("obt_order_lines") }}
        group by 1
    ),

    comparisons as (
        select
            months.month,
            compared.comparison,
            before.month as month_before,
            months.is_changed or before.is_changed as is_changed
        from months
        cross join bounds
        cross join
            (
                values
                    ('The month before', interval '1 month'),
                    ('The year before', interval '12 months')
            ) as compared(comparison, distance)
        inner join months as before on before.month = (months.month - compared.distance)::date
        where
            months.month <= bounds.last_month
            and months.month > (bounds.last_month - interval '12 months')::date
            and before.month >= bounds.first_month
    ),

    due as (
        select *
        from comparisons
        {% if is_incremental() %}
            where
                is_changed or (month, comparison) not in (select month, comparison from {{ this }})
        {% endif %}
    ),

    drivers as (
        select due.month, due.month_before, due.comparison, found.*
        from due
        cross join
            lateral {{ function("drivers") }} (
                format($rows${{ rows_sql }}$rows$, due.month, due.month_before),
                'sum(net_amount)',
                'is_test',
                array['country', 'channel', 'product_line']
            ) as found
    ),

    labelled as (
        select
            *,
            (
                select string_agg(coalesce(pairs.value, 'Unknown'), ' · ' order by pairs.key)
                from jsonb_each_text(conditions) as pairs
            ) as slice_label,
            (
                select string_agg(replace(pairs.key, '_', ' '), ' and ' order by pairs.key)
                from jsonb_each_text(conditions) as pairs
            ) as dimension_phrase
        from drivers
    )

select
    -- ids
    month,
    comparison,
    slice,

    -- text
    to_char(month, 'YYYY-MM') as month_label,
    to_char(month_before, 'FMMonth YYYY') as month_before_label,
    coalesce(slice_label, 'All sales') as slice_label,
    coalesce({{ humanize("dimension_phrase") }}, 'All') as dimension_label,
    case
        when dimensions_used = 0 then '' when p_value < 0.05 then 'Yes' else 'No'
    end as is_unexpected_label,

    -- numbers
    dimensions_used,
    control as revenue_before,
    test as revenue,
    difference,
    unexpected_difference,
    support,
    p_value,
    control_rows as lines_before,
    test_rows as lines,
    dense_rank() over (
        partition by month, comparison, dimensions_used = 1 order by abs(difference) desc, slice
    ) as difference_rank,

    -- booleans
    coalesce(p_value < 0.05, false) as is_unexpected,

    -- dates
    month_before,
    {{ this_load() }} as load_date
from labelled
