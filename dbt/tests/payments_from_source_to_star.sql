-- Each payment has the same amount and day in the source and in the star. `make refresh` tests the
-- payments that have changed since the last build whose tests passed.
{% set since = changed_since() %}

with
    payments as (
        select payment_key, amount, paid_at::date as date_day
        from {{ ref("stage_payments") }}
        {% if since %} where updated_at >= {{ since }} {% endif %}
    ),

    arrived as (
        select payment_key, amount, date_day
        from {{ ref("fct_payments") }}
        {% if since %} where payment_key in (select payment_key from payments) {% endif %}
    )

select *
from payments
full join arrived using (payment_key)
where
    payments.amount is distinct from arrived.amount
    or payments.date_day is distinct from arrived.date_day
