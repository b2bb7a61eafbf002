{{
    config(
        materialized="incremental",
        unique_key="payment_key",
        indexes=[{"columns": ["payment_key"]}, {"columns": ["load_date"]}],
    )
}}

{% set with_news -%}
    select payment_key from {{ ref("sat_payment") }} where load_date > {{ loaded_up_to() }}
{%- endset -%}

{%- set paid_orders -%}
    select order_key from {{ ref("link_payment__made") }} where payment_key in ({{ with_news }})
{%- endset -%}

with
    payments as (
        select *
        from
            {{
                latest(
                    ref("sat_payment"),
                    "payment_key",
                    among=with_news if is_incremental(),
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
    payments.load_date
from payments
inner join
    {{ ref("link_payment__made") }} as links on links.payment_made_key = payments.payment_made_key
left join orders on orders.order_key = links.order_key
{% if is_incremental() %} where payments.load_date > {{ loaded_up_to() }} {% endif %}
