select
    {{ hash_key(["products.sku"]) }} as product_key,
    {{ hash_key(["lines.product_line"]) }} as product_line_key,
    {{ hash_key(["products.sku", "lines.product_line"]) }} as product_in_line_key,
    products.sku,
    products.product_name,
    products.list_price,
    products.recorded_at,
    products.updated_at
from {{ ref("stg_shop__products") }} as products
inner join
    {{ ref("stg_shop__product_lines") }} as lines
    on lines.product_line_id = products.product_line_id
