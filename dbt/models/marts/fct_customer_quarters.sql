{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        indexes=[{"columns": ["customer_key"]}],
        pre_hook="{{ forget_customers_with_news() }}",
    )
}}

-- One row for each quarter in which a customer bought something. Who comes back, and when somebody
-- bought first and last, is asked of this and not of every line there is. Customers whose lines
-- have
-- news are counted anew, from the bridge, where a customer's lines lie side by side.
with
    lines as (
        select customer_key, ordered_at::date as date_day, net_amount, load_date
        from {{ ref("bridge_order_lines") }}
        where
            known_to = timestamp 'infinity' and kind = 'sale' and not is_cancelled
            {% if is_incremental() %}
                and customer_key in ({{ customers_of_new_lines(loaded_up_to()) }})
            {% endif %}
    ),

    -- A look at the calendar is cheaper than reckoning with ten million dates.
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
    max(lines.date_day) as last_ordered_on,
    max(lines.load_date) as load_date
from lines
inner join days on days.date_day = lines.date_day
group by lines.customer_key, days.quarter
