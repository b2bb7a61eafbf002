{#
    What a campaign of N calls is expected to bring in a year: calls cost, some of those who would
    have left stay, and what they would have spent brings its margin. The three assumptions are
    `vars: campaign` in dbt_project.yml.
#}
{%- set campaign = var("campaign") -%}
with
    customers as (select * from {{ ref("rpt_call_list") }}),

    totals as (
        select count(*) as customers, sum(revenue_at_risk) as revenue_at_risk from customers
    ),

    ranked as (
        select loss_rank as calls, sum(revenue_at_risk) over (order by loss_rank) as reached
        from customers
    ),

    -- A hundred points are enough to draw a line; small shops have fewer customers than that.
    points as (
        select ranked.calls, ranked.reached, totals.customers, totals.revenue_at_risk
        from ranked
        cross join totals
        where
            ranked.calls % greatest(1, totals.customers / 100) = 0
            or ranked.calls = totals.customers
        union all
        select 0, 0, customers, revenue_at_risk
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
        select *, row_number() over (order by expected_value desc, calls) = 1 as is_best from valued
    ),

    best as (select * from chosen where is_best)

select
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
    chosen.is_best
from chosen
cross join best
