{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="payment_key",
        indexes=[{"columns": ["payment_key"], "unique": True}, {"columns": ["load_date"]}],
    )
}}

-- The payments as they are valid now. A payment is written again when it changes, and when its
-- order does, because the order says whose payment it is where the payment itself does not.
{% set changed_payments -%}
    select payment_key from {{ ref("sat_payment") }} where {{ changed_rows("load_date") }}
    union
    select payment_key
    from {{ ref("link_payment__made") }}
    where
        {{ changed_rows("load_date") }}
        or order_key in (
            select order_key from {{ ref("sat_order__placed") }} where {{ changed_rows("load_date") }}
        )
{%- endset -%}

{%- set paid_orders -%}
    select order_key
    from {{ ref("link_payment__made") }}
    where payment_key in ({{ changed_payments }})
{%- endset -%}

with
    payments as (
        select *
        from
            {{
                latest(
                    ref("sat_payment"),
                    "payment_key",
                    among=changed_payments if is_incremental(),
                )
            }} as newest
    ),

    orders as (
        select placed.order_key, hubs.order_number, links.customer_key
        from
            {{
                latest(
                    ref("sat_order__placed"),
                    "order_key",
                    among=paid_orders if is_incremental(),
                )
            }} as placed
        inner join {{ ref("hub_order") }} as hubs on hubs.order_key = placed.order_key
        inner join
            {{ ref("link_order__placed") }} as links
            on links.order_placed_key = placed.order_placed_key
    )

select
    payments.payment_key,
    orders.order_number,
    case
        when links.customer_key <> {{ unknown_key() }}
        then links.customer_key
        else coalesce(orders.customer_key, {{ unknown_key() }})
    end as customer_key,
    coalesce(payments.method, 'Unknown') as method,
    payments.amount,
    payments.paid_at::date as date_day,
    payments.paid_at,
    {{ this_load() }} as load_date
from payments
inner join
    {{ ref("link_payment__made") }} as links on links.payment_made_key = payments.payment_made_key
left join orders on orders.order_key = links.order_key
