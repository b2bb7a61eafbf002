select
    -- ids
    customer_id,
    country_id,

    -- text
    customer_number,
    name as customer_name,
    city,
    channel,

    -- booleans
    newsletter,

    -- dates
    signed_up_at at time zone 'UTC' as signed_up_at,
    recorded_at at time zone 'UTC' as recorded_at,
    updated_at at time zone 'UTC' as updated_at
from {{ source("shop", "customers") }}
