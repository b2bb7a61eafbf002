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
from {{ ref("stg_shop__order_items") }} as items
inner join {{ ref("stg_shop__orders") }} as orders on orders.order_id = items.order_id
inner join {{ ref("stg_shop__products") }} as products on products.product_id = items.product_id
