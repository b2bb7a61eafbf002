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

    customers as (
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

    customer_locations as (
        select
            customers.customer_key,
            customers.customer_number,
            customers.customer_name,
            customers.location_key,
            locations.country,
            locations.city,
            customers.channel,
            customers.newsletter,
            customers.signed_up_on,
            customers.load_date
        from customers
        inner join locations on locations.location_key = customers.location_key
        union all
        -- Sales without a customer refer to this row, so that sums over customers include them.
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
    customer_locations.customer_key,
    customer_locations.customer_number,
    customer_locations.customer_name,
    customer_locations.location_key,
    customer_locations.country,
    customer_locations.city,
    customer_locations.channel,
    customer_locations.newsletter,
    customer_locations.signed_up_on,
    orders.first_ordered_on,
    orders.last_ordered_on,
    customer_locations.load_date
from customer_locations
left join orders on orders.customer_key = customer_locations.customer_key
