with
    accounts as (
        select customer_key, signed_up_at
        from {{ earliest(ref("sat_customer__account"), "customer_key") }} as accounts
    ),

    days as (
        select distinct customer_key, as_of, ordered_on, days_ago
        from {{ order_lines_as_of(["kind"]) }} as lines
        where kind = 'sale'
    ),

    gaps as (
        select
            customer_key,
            as_of,
            ordered_on,
            days_ago,
            lag(days_ago) over (partition by customer_key, as_of order by days_ago desc)
            - days_ago as gap
        from days
    ),

    summed as (
        select
            customer_key,
            as_of,
            min(ordered_on) as first_order_on,
            min(days_ago) as recency_days,
            avg(gap) as usual_gap_days,
            (array_agg(gap order by days_ago))[1] as last_gap_days
        from gaps
        group by customer_key, as_of
    )

select
    summed.customer_key,
    summed.as_of,
    summed.first_order_on,
    accounts.signed_up_at::date as signed_up_on,
    summed.usual_gap_days::float8 as usual_gap_days,
    summed.last_gap_days,
    (summed.recency_days / nullif(summed.usual_gap_days, 0))::float8 as overdue
from summed
inner join accounts on accounts.customer_key = summed.customer_key
