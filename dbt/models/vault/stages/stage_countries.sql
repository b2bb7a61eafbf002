select {{ hash_key(["country"]) }} as country_key, country, iso_code, recorded_at, updated_at
from {{ ref("stg_shop__countries") }}
