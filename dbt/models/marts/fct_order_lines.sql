{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="order_line_key",
        indexes=[
            {"columns": ["order_line_key"], "unique": True},
            {"columns": ["load_date"]},
            {"columns": ["date_day"]},
        ],
    )
}}

-- The order lines as they are valid now. The lines of a cancelled order stay, with amounts of 0. A
-- line is written again when the bridge has new rows of it, and when its customer's address has
-- changed, which can change the place of an order that was loaded before.
with
    {% if is_incremental() %}
        changed_lines as (
            select order_line_key
            from {{ ref("bridge_order_lines") }}
            where {{ changed_rows("load_date") }}
            union
            select order_line_key
            from {{ ref("bridge_order_lines") }}
            where
                customer_key in (
                    select customer_key
                    from {{ ref("sat_customer__contact") }}
                    where {{ changed_rows("load_date") }}
                    union
                    select customer_key
                    from {{ ref("link_customer__country") }}
                    where {{ changed_rows("load_date") }}
                )
        ),
    {% endif %}

    lines as (
        select *
        from {{ ref("bridge_order_lines") }}
        where
            valid_to = timestamp 'infinity'
            {% if is_incremental() %}
                and order_line_key in (select order_line_key from changed_lines)
            {% endif %}
    ),

    orders as (
        select hubs.order_key, hubs.order_number, statuses.status
        from {{ ref("hub_order") }} as hubs
        inner join
            {{
                latest(
                    ref("sat_order__status"),
                    "order_key",
                    among="select order_key from lines" if is_incremental(),
                )
            }} as statuses on statuses.order_key = hubs.order_key
    ),

    -- Where a customer lived when ordering. The first known address counts for all time before it.
    addresses as (
        select
            contacts.customer_key,
            contacts.city,
            links.country_key,
            case
                when
                    row_number() over (
                        partition by contacts.customer_key
                        order by contacts.valid_from, contacts.load_date
                    )
                    = 1
                then timestamp '-infinity'
                else contacts.valid_from
            end as valid_from,
            lead(contacts.valid_from, 1, timestamp 'infinity') over (
                partition by contacts.customer_key order by contacts.valid_from, contacts.load_date
            ) as valid_to
        from {{ ref("sat_customer__contact") }} as contacts
        inner join
            {{ ref("link_customer__country") }} as links
            on links.customer_in_country_key = contacts.customer_in_country_key
        {% if is_incremental() %}
            where contacts.customer_key in (select customer_key from lines)
        {% endif %}
    )

select
    -- ids
    lines.order_line_key,
    orders.order_number,
    lines.line_number,
    lines.customer_key,
    lines.product_key,
    {{ hash_key(["lines.country_key", "addresses.city"]) }} as location_key,

    -- text
    lines.kind,
    orders.status,

    -- numbers
    lines.quantity,
    lines.unit_price,
    lines.discount,
    case when lines.is_cancelled then 0 else lines.gross_amount end as gross_amount,
    case when lines.is_cancelled then 0 else lines.net_amount end as net_amount,

    -- dates
    lines.ordered_at::date as date_day,
    lines.ordered_at,
    {{ this_load() }} as load_date
from lines
inner join orders on orders.order_key = lines.order_key
left join
    addresses
    on addresses.customer_key = lines.customer_key
    and addresses.country_key = lines.country_key
    and lines.ordered_at >= addresses.valid_from
    and lines.ordered_at < addresses.valid_to
