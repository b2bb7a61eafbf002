-- One row for each quarter in which a customer bought something: what the dimension of customers
-- and
-- the cohorts read instead of all order lines.
with
    lines as (
        select customer_key, date_day, net_amount
        from {{ ref("fct_order_lines") }}
        where kind = 'sale' and status <> 'cancelled'
    ),

    -- Joining the calendar is cheaper than computing the quarter of each of ten million dates.
    days as (
        select date_day, date_trunc('quarter', date_day)::date as quarter
        from {{ ref("dim_dates") }}
    )

select
    lines.customer_key,
    days.quarter,
    count(*) as order_lines,
    sum(lines.net_amount) as net_amount,
    min(lines.date_day) as first_ordered_on,
    max(lines.date_day) as last_ordered_on
from lines
inner join days on days.date_day = lines.date_day
group by lines.customer_key, days.quarter
