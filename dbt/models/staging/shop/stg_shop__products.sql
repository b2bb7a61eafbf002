select
    -- ids
    product_id,
    product_line_id,

    -- text
    sku,
    name as product_name,

    -- numbers
    list_price,

    -- dates
    recorded_at at time zone 'UTC' as recorded_at,
    updated_at at time zone 'UTC' as updated_at
from {{ source("shop", "products") }}
