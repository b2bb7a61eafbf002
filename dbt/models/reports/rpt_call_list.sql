{# Every customer the churn model scores, with the revenue at risk, largest first. #}
{{ config(indexes=[{"columns": ["loss_rank"]}, {"columns": ["country", "loss_rank"]}]) }}

with
    predictions as (select * from {{ ref("pred_churn") }}),

    customers as (select * from {{ ref("dim_customers") }}),

    spending as (
        select customer_key, spent_365_days as revenue from {{ ref("feat_customer__current") }}
    ),

    valued as (
        select
            predictions.*,
            customers.customer_number,
            customers.customer_name,
            customers.country,
            customers.city,
            customers.channel,
            customers.last_ordered_on,
            greatest(coalesce(spending.revenue, 0), 0)::float8 as yearly_revenue
        from predictions
        inner join customers on customers.customer_key = predictions.customer_key
        left join spending on spending.customer_key = predictions.customer_key
    )

select
    -- ids
    customer_number,

    -- text
    customer_name,
    country,
    city,
    channel,
    case
        when churn_probability >= 0.5
        then 'likely to leave'
        when churn_probability >= 0.25
        then 'in doubt'
        else 'likely to stay'
    end as risk_label,
    regexp_replace(
        coalesce(reason_1, 'not computed: low risk'), ' \(raises the risk\)$', ''
    ) as reason_1,
    regexp_replace(coalesce(reason_2, ''), ' \(raises the risk\)$', '') as reason_2,
    regexp_replace(coalesce(reason_3, ''), ' \(raises the risk\)$', '') as reason_3,

    -- numbers
    churn_probability,
    yearly_revenue,
    churn_probability * yearly_revenue as revenue_at_risk,
    row_number() over (
        order by churn_probability * yearly_revenue desc, customer_number
    ) as loss_rank,
    least(9, floor(10 * churn_probability))::integer as risk_decile,
    10 * least(9, floor(10 * churn_probability))::integer
    || ' to '
    || 10 * (least(9, floor(10 * churn_probability))::integer + 1)
    || U&'\202F%' as risk_range,
    model_version,

    -- dates
    last_ordered_on,
    as_of
from valued
