select
    {{ hash_key(["orders.order_number"]) }} as order_key,
    {{ hash_key_or_unknown("customers.customer_number") }} as customer_key,
    {{ hash_key(["countries.country"]) }} as country_key,
    case
        when orders.promotion_id is null
        then {{ unknown_key() }}
        else {{ hash_key(["orders.promotion_id"]) }}
    end as promotion_key,
    {{ hash_key_or_unknown("returned.order_number") }} as returned_order_key,
    {{
        hash_key(
            [
                "orders.order_number",
                "customers.customer_number",
                "countries.country",
                "orders.promotion_id",
                "returned.order_number",
            ]
        )
    }} as order_placed_key,
    orders.order_number,
    orders.kind,
    orders.status,
    orders.ordered_at,
    orders.promised_on,
    orders.shipped_at,
    orders.recorded_at,
    orders.updated_at
from {{ ref("stg_shop__orders") }} as orders
inner join {{ ref("stg_shop__countries") }} as countries on countries.country_id = orders.country_id
left join
    {{ ref("stg_shop__customers") }} as customers on customers.customer_id = orders.customer_id
left join {{ ref("stg_shop__orders") }} as returned on returned.order_id = orders.returned_order_id
