{#
    Customer retention: of the customers whose first order was in a quarter, how many ordered again N
    quarters later. Only complete quarters count.
#}
with
    orders as (select customer_key, quarter from {{ ref("fct_customer_quarters") }}),

    last_quarter as (
        select
            (date_trunc('quarter', max(date_day) + interval '1 day') - interval '3 months')::date
            as quarter
        from {{ ref("fct_order_lines") }}
    ),

    customers as (
        select
            dim.customer_key,
            dim.country,
            dim.channel,
            date_trunc('quarter', dim.first_ordered_on)::date as cohort
        from {{ ref("dim_customers") }} as dim
        where dim.first_ordered_on is not null and dim.customer_number <> 'Unknown'
    ),

    sizes as (
        select cohort, country, channel, count(*) as customers
        from customers
        group by cohort, country, channel
    ),

    steps as (
        select
            sizes.*,
            generate_series(
                0,
                (
                    (extract(year from last_quarter.quarter) - extract(year from sizes.cohort)) * 4
                    + extract(quarter from last_quarter.quarter)
                    - extract(quarter from sizes.cohort)
                )::integer
            ) as quarters_later
        from sizes
        cross join last_quarter
        where sizes.cohort <= last_quarter.quarter
    ),

    active as (
        select
            customers.cohort,
            customers.country,
            customers.channel,
            (
                (extract(year from orders.quarter) - extract(year from customers.cohort)) * 4
                + extract(quarter from orders.quarter)
                - extract(quarter from customers.cohort)
            )::integer as quarters_later,
            count(*) as customers
        from orders
        inner join customers on customers.customer_key = orders.customer_key
        group by customers.cohort, customers.country, customers.channel, quarters_later
    )

select
    -- text
    to_char(steps.cohort, 'YYYY "Q"Q') as cohort_label,
    lpad(steps.quarters_later::text, 2, ' ') as quarters_label,
    steps.country,
    steps.channel,

    -- numbers
    steps.quarters_later,
    steps.customers,
    coalesce(active.customers, 0) as customers_active,
    dense_rank() over (order by steps.cohort desc) as cohort_age,

    -- dates
    steps.cohort
from steps
left join
    active
    on active.cohort = steps.cohort
    and active.country = steps.country
    and active.channel = steps.channel
    and active.quarters_later = steps.quarters_later
