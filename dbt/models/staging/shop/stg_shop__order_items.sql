select
    -- ids
    order_id,
    line_number,
    product_id,

    -- numbers
    quantity,
    unit_price,
    discount,

    -- dates
    recorded_at at time zone 'UTC' as recorded_at,
    updated_at at time zone 'UTC' as updated_at
from {{ source("shop", "order_items") }}
