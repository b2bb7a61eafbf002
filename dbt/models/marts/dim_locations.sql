-- Every place a customer was known to live in, and each country by itself: an order says which
-- country it went to, and only a customer with a known city there says more.
with
    countries as (
        select hubs.country_key, hubs.country, satellites.iso_code
        from {{ ref("hub_country") }} as hubs
        inner join
            {{ latest(ref("sat_country"), "country_key") }} as satellites
            on satellites.country_key = hubs.country_key
    ),

    cities as (
        select distinct links.country_key, contacts.city
        from {{ ref("sat_customer__contact") }} as contacts
        inner join
            {{ ref("link_customer__country") }} as links
            on links.customer_in_country_key = contacts.customer_in_country_key
        union
        select country_key, null
        from countries
    )

select
    {{ hash_key(["countries.country_key", "cities.city"]) }} as location_key,
    countries.country_key,
    countries.country,
    trim(countries.iso_code) as iso_code,
    coalesce(cities.city, 'Unknown') as city
from cities
inner join countries on countries.country_key = cities.country_key
