select
    -- ids
    product_line_id,

    -- text
    name as product_line,
    description,

    -- dates
    recorded_at at time zone 'UTC' as recorded_at,
    updated_at at time zone 'UTC' as updated_at
from {{ source("shop", "product_lines") }}
