with
    items as (select * from {{ ref("stg_shop__order_items") }}),

    orders as (select * from {{ ref("stg_shop__orders") }}),

    products as (select * from {{ ref("stg_shop__products") }})

select
    {{ hash_key(["orders.order_number", "items.line_number"]) }} as order_line_key,
    {{ hash_key(["orders.order_number"]) }} as order_key,
    {{ hash_key(["products.sku"]) }} as product_key,
    {{ hash_key(["orders.order_number", "items.line_number", "products.sku"]) }}
    as product_in_order_key,
    items.line_number,
    items.quantity,
    items.unit_price,
    items.discount,
    items.recorded_at,
    items.updated_at
from items
inner join orders on orders.order_id = items.order_id
inner join products on products.product_id = items.product_id
