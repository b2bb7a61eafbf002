{#
    What a campaign of N calls is expected to bring in a year: calls cost, some of those who would
    have left stay, and what they would have spent brings its margin. The three assumptions are
    `vars: campaign` in dbt_project.yml. Everywhere and for each country: a sum cannot be taken apart
    by a filter, so a chart shows the widest rows its reader may see.
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

    -- A line needs some hundred points: each of the first hundred calls, then ever larger steps.
    -- All
    -- countries share them, and their last ones are points of Everywhere too.
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
            - calls * {{ campaign.cost_of_a_call }} as expected_by_chance
        from points
    ),

    chosen as (
        select
            *,
            row_number() over (partition by country order by expected_value desc, calls)
            = 1 as is_best
        from valued
    ),

    best as (select * from chosen where is_best)

select
    -- ids
    chosen.country,

    -- text
    case
        best.calls
        when 0
        then 'No campaign pays: each call costs more than it is expected to keep.'
        else
            'Best is calling the '
            || {{ counted("best.calls") }}
            || ' customers with the most at risk: '
            || {{ counted("round(best.expected_value::numeric)") }}
            || ' € a year expected, after the cost of the calls. The same number of calls at random: '
            || {{ counted("round(best.expected_by_chance::numeric)") }}
            || ' €.'
    end as words,
    'Assumed: a call costs {{ campaign.cost_of_a_call }} €, {{ (100 * campaign.saved_share) | round | int }}'
    || U&'\202F'
    || '% of those called who would have left stay, and revenue leaves a margin of '
    || '{{ (100 * campaign.margin) | round | int }}'
    || U&'\202F'
    || '%. Change them in dbt_project.yml (vars: campaign).' as assumptions,

    -- numbers
    chosen.calls,
    chosen.expected_value,
    chosen.expected_by_chance,
    chosen.reached as revenue_reached,

    -- booleans
    chosen.is_best,
    chosen.is_everywhere
from chosen
inner join best on best.country = chosen.country
