-- The same for payments, by the day the money came in.
with
    source_days as (
        select paid_at::date as date_day, sum(amount) as amount, count(*) as payments
        from {{ ref("stg_shop__payments") }}
        group by date_day
    ),

    star_days as (
        select date_day, sum(amount) as amount, count(*) as payments
        from {{ ref("fct_payments") }}
        group by date_day
    )

select *
from source_days
full join star_days using (date_day)
where
    source_days.amount is distinct from star_days.amount
    or source_days.payments is distinct from star_days.payments
