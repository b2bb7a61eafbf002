select
    -- ids
    order_id,
    customer_id,
    country_id,
    promotion_id,
    returned_order_id,

    -- text
    order_number,
    kind,
    status,

    -- dates
    promised_on,
    shipped_at at time zone 'UTC' as shipped_at,
    ordered_at at time zone 'UTC' as ordered_at,
    recorded_at at time zone 'UTC' as recorded_at,
    updated_at at time zone 'UTC' as updated_at
from {{ source("shop", "orders") }}
