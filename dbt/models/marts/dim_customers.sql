with
    accounts as (
        select * from {{ latest(ref("sat_customer__account"), "customer_key") }} as newest
    ),

    contacts as (
        select * from {{ latest(ref("sat_customer__contact"), "customer_key") }} as newest
    ),

    locations as (select * from {{ ref("dim_locations") }}),

    orders as (
        select
            customer_key,
            min(first_ordered_on) as first_ordered_on,
            max(last_ordered_on) as last_ordered_on
        from {{ ref("fct_customer_quarters") }}
        group by customer_key
    ),

    known as (
        select
            hubs.customer_key,
            hubs.customer_number,
            coalesce(accounts.customer_name, 'Customer ' || hubs.customer_number) as customer_name,
            {{ hash_key(["links.country_key", "contacts.city"]) }} as location_key,
            coalesce(accounts.channel, 'Unknown') as channel,
            contacts.newsletter,
            accounts.signed_up_at::date as signed_up_on,
            greatest(accounts.load_date, contacts.load_date) as load_date
        from {{ ref("hub_customer") }} as hubs
        inner join accounts on accounts.customer_key = hubs.customer_key
        inner join contacts on contacts.customer_key = hubs.customer_key
        inner join
            {{ ref("link_customer__country") }} as links
            on links.customer_in_country_key = contacts.customer_in_country_key
    ),

    with_places as (
        select
            known.customer_key,
            known.customer_number,
            known.customer_name,
            known.location_key,
            locations.country,
            locations.city,
            known.channel,
            known.newsletter,
            known.signed_up_on,
            known.load_date
        from known
        inner join locations on locations.location_key = known.location_key
        union all
        -- What was sold to nobody in particular belongs to somebody too, or sums would lose it.
        select
            {{ unknown_key() }},
            'Unknown',
            'Unknown customer',
            null,
            'Unknown',
            'Unknown',
            'Unknown',
            null,
            null,
            timestamp '-infinity'
    )

select
    with_places.customer_key,
    with_places.customer_number,
    with_places.customer_name,
    with_places.location_key,
    with_places.country,
    with_places.city,
    with_places.channel,
    with_places.newsletter,
    with_places.signed_up_on,
    orders.first_ordered_on,
    orders.last_ordered_on,
    with_places.load_date
from with_places
left join orders on orders.customer_key = with_places.customer_key
