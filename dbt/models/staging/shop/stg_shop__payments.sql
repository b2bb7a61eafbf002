select
    -- ids
    payment_id,
    order_id,
    customer_id,

    -- text
    payment_number,
    method,

    -- numbers
    amount,

    -- dates
    paid_at at time zone 'UTC' as paid_at,
    recorded_at at time zone 'UTC' as recorded_at,
    updated_at at time zone 'UTC' as updated_at
from {{ source("shop", "payments") }}
