select
    {{ hash_key(["customers.customer_number"]) }} as customer_key,
    {{ hash_key(["countries.country"]) }} as country_key,
    {{ hash_key(["customers.customer_number", "countries.country"]) }} as customer_in_country_key,
    customers.customer_number,
    customers.customer_name,
    customers.city,
    customers.channel,
    customers.newsletter,
    customers.signed_up_at,
    customers.recorded_at,
    customers.updated_at
from {{ ref("stg_shop__customers") }} as customers
inner join
    {{ ref("stg_shop__countries") }} as countries on countries.country_id = customers.country_id
