{#
    The value that a campaign of N calls is expected to bring in a year: each call has a cost, some of
    the customers who would have left stay, and their revenue has a margin. The three assumptions are
    `vars: campaign` in dbt_project.yml. There are rows for all countries together and for each one,
    because a filter cannot split a total: a chart shows the widest rows its reader may see.
#}
{%- set campaign = var("campaign") -%}
with
    customers as (
        select
            customer_number,
            revenue_at_risk,
            unnest(array['Everywhere', country]) as country,
            unnest(array[true, false]) as is_everywhere
        from {{ ref("rpt_call_list") }}
    ),

    ranked as (
        select
            country,
            is_everywhere,
            row_number() over most_first as calls,
            sum(revenue_at_risk) over most_first as reached
        from customers
        window most_first as (partition by country order by revenue_at_risk desc, customer_number)
    ),

    totals as (
        select country, is_everywhere, max(calls) as customers, max(reached) as revenue_at_risk
        from ranked
        group by country, is_everywhere
    ),

    -- A chart needs about a hundred points: the first hundred calls one by one, then larger steps.
    -- All countries share these points, and the last one of each country is a point of Everywhere.
    points as (
        select ranked.*, totals.customers, totals.revenue_at_risk
        from ranked
        inner join totals on totals.country = ranked.country
        where
            ranked.calls % greatest(1, (10 ^ floor(log(ranked.calls)) / 20)::integer) = 0
            or ranked.calls in (select totals.customers from totals)
        union all
        select country, is_everywhere, 0, 0, customers, revenue_at_risk
        from totals
    ),

    valued as (
        select
            *,
            reached * {{ campaign.saved_share }} * {{ campaign.margin }}
            - calls * {{ campaign.cost_of_a_call }} as expected_value,
            coalesce(revenue_at_risk * calls / nullif(customers, 0), 0)
            * {{ campaign.saved_share }}
            * {{ campaign.margin }}
            - calls * {{ campaign.cost_of_a_call }} as expected_at_random
        from points
    ),

    ranked_points as (
        select
            *,
            row_number() over (partition by country order by expected_value desc, calls)
            = 1 as is_best
        from valued
    ),

    best as (select * from ranked_points where is_best)

select
    -- ids
    ranked_points.country,

    -- text
    case
        best.calls
        when 0
        then 'No campaign pays: each call costs more than it is expected to save.'
        else
            'Calling the '
            || {{ counted("best.calls") }}
            || ' customers with the most revenue at risk pays best: '
            || {{ counted("round(best.expected_value::numeric)") }}
            || ' € a year expected, after the cost of the calls. The same number of random calls: '
            || {{ counted("round(best.expected_at_random::numeric)") }}
            || ' €.'
    end as summary,
    'Assumptions: a call costs {{ campaign.cost_of_a_call }} €, {{ (100 * campaign.saved_share) | round | int }}'
    || U&'\202F'
    || '% of the called customers who would have left stay, and the margin on revenue is '
    || '{{ (100 * campaign.margin) | round | int }}'
    || U&'\202F'
    || '%. Change them in dbt_project.yml (vars: campaign).' as assumptions,

    -- numbers
    ranked_points.calls,
    ranked_points.expected_value,
    ranked_points.expected_at_random,
    ranked_points.reached as revenue_reached,

    -- booleans
    ranked_points.is_best,
    ranked_points.is_everywhere
from ranked_points
inner join best on best.country = ranked_points.country
