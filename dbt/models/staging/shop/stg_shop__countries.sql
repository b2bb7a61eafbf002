select
    -- ids
    country_id,

    -- text
    name as country,
    iso_code,

    -- dates
    recorded_at at time zone 'UTC' as recorded_at,
    updated_at at time zone 'UTC' as updated_at
from {{ source("shop", "countries") }}
