with
    snapshots as (select * from {{ missing_snapshots() }} as snapshots),

    accounts as (
        select customer_key, channel
        from {{ earliest(ref("sat_customer__account"), "customer_key") }} as accounts
    ),

    contacts as (
        select distinct
            on (snapshots.customer_key, snapshots.as_of)
            snapshots.customer_key,
            snapshots.as_of,
            hubs.country,
            contacts.newsletter
        from snapshots
        inner join
            {{ ref("sat_customer__contact") }} as contacts
            on contacts.customer_key = snapshots.customer_key
            and contacts.valid_from < snapshots.day_end
        inner join
            {{ ref("link_customer__country") }} as links
            on links.customer_in_country_key = contacts.customer_in_country_key
            and links.customer_key = contacts.customer_key
        inner join {{ ref("hub_country") }} as hubs on hubs.country_key = links.country_key
        order by
            snapshots.customer_key,
            snapshots.as_of,
            contacts.valid_from desc,
            contacts.load_date desc
    )

select
    snapshots.customer_key, snapshots.as_of, accounts.channel, contacts.country, contacts.newsletter
from snapshots
inner join accounts on accounts.customer_key = snapshots.customer_key
left join
    contacts on contacts.customer_key = snapshots.customer_key and contacts.as_of = snapshots.as_of
