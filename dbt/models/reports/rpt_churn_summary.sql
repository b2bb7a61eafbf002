{#
    The headline and the key figures of the churn dashboard: for all countries and for each one.
#}
with
    customers as (select * from {{ ref("rpt_call_list") }}),

    best as (select * from {{ ref("rpt_campaign") }} where is_best),

    quality as (
        select *
        from {{ ref("rpt_model_overview") }}
        where model = {{ sql_text(registry_name("churn")) }}
    ),

    ranked as (
        select *, row_number() over (partition by country order by loss_rank) as rank_in_country
        from customers
    ),

    facts as (
        select
            coalesce(country, 'Everywhere') as country,
            grouping(country) = 1 as is_everywhere,
            count(*) as customers,
            count(*) filter (where churn_probability >= 0.5) as likely,
            sum(yearly_revenue) as revenue,
            sum(revenue_at_risk) as at_risk,
            sum(churn_probability) as expected_leavers,
            max(as_of) as as_of,
            case
                when grouping(country) = 1
                then sum(revenue_at_risk) filter (where loss_rank <= 100)
                else sum(revenue_at_risk) filter (where rank_in_country <= 100)
            end as first_hundred
        from ranked
        group by grouping sets ((), (country))
    )

select facts.country, figures.*, facts.is_everywhere
from facts
inner join best on best.country = facts.country
cross join quality
cross join
    lateral(
        values
            (
                'headline',
                0,
                'Of ' || {{ counted("facts.customers") }} || ' active customers, about ',
                {{ counted("round(facts.expected_leavers::numeric)") }},
                ' will not buy again in the next 90 days.',
                best.summary,
                'plain'
            ),
            (
                'figure',
                1,
                'Customers likely to leave',
                {{ counted("facts.likely") }},
                '',
                'with a risk of 50'
                || U&'\202F'
                || '% or more, of '
                || {{ counted("facts.customers") }}
                || ' active customers',
                'plain'
            ),
            (
                'figure',
                2,
                'Yearly revenue at risk',
                {{ counted("round(facts.at_risk::numeric)") }} || ' €',
                '',
                {{ percent("facts.at_risk / nullif(facts.revenue, 0)") }}
                || ' of what these customers spend in a year',
                'plain'
            ),
            (
                'figure',
                3,
                'The first 100 calls reach',
                {{ counted("round(facts.first_hundred::numeric)") }} || ' €',
                '',
                'of the revenue at risk, in the order of the list below',
                'plain'
            ),
            (
                'figure',
                4,
                'Model quality',
                quality.score_text,
                quality.verdict,
                quality.metric_label || ' · simple rule ' || quality.baseline_text,
                quality.state
            )
    ) as figures(part, sort_order, label, value_text, verdict, note, state)
