select
    -- ids
    promotion_id,
    product_line_id,

    -- text
    name as promotion_name,

    -- numbers
    discount,

    -- dates
    starts_on,
    ends_on,
    recorded_at at time zone 'UTC' as recorded_at,
    updated_at at time zone 'UTC' as updated_at
from {{ source("shop", "promotions") }}
