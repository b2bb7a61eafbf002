select
    {{ hash_key(["product_line"]) }} as product_line_key,
    product_line,
    description,
    recorded_at,
    updated_at
from {{ ref("stg_shop__product_lines") }}
