with
    customers as (select * from {{ ref("stg_shop__customers") }}),

    countries as (select * from {{ ref("stg_shop__countries") }})

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
from customers
inner join countries on countries.country_id = customers.country_id
