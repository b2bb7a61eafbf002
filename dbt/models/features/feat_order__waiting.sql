{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        pre_hook="{{ forget_orders_with_news() }}",
    )
}}

-- Orders that have not left the house, and whose they are: a customer whose order waits has waited
-- longer every day (see carrying.sql). Few, where finding them among all orders takes long; orders
-- with news are looked at again.
select distinct placed.order_key, links.customer_key, {{ this_load() }} as load_date
from {{ ref("sat_order__placed") }} as placed
inner join
    {{ ref("link_order__placed") }} as links on links.order_placed_key = placed.order_placed_key
where
    placed.kind = 'sale'
    and not exists (
        select
        from {{ ref("sat_order__shipped") }} as shipments
        where shipments.order_key = placed.order_key
    )
    and not exists (
        select
        from {{ ref("sat_order__status") }} as cancelled
        where
            cancelled.order_key = placed.order_key
            and cancelled.status = 'cancelled'
            and not exists (
                select
                from {{ ref("sat_order__status") }} as later
                where later.order_key = cancelled.order_key and later.known_at > cancelled.known_at
            )
    )
    {% if is_incremental() %}
        and placed.order_key in ({{ orders_with_news(loaded_up_to()) }})
    {% endif %}
