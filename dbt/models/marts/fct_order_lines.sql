{{
    config(
        materialized="incremental",
        unique_key="order_line_key",
        indexes=[
            {"columns": ["order_line_key"]},
            {"columns": ["load_date"]},
            {"columns": ["date_day"]},
        ],
    )
}}

-- depends_on: {{ ref("link_order__product") }}
-- The lines as they are known now. A cancelled order stays visible, worth nothing: its amounts
-- are 0.
with
    {% if is_incremental() %}
        news as (
            select order_line_key
            from {{ ref("bridge_order_lines") }}
            where load_date > {{ loaded_up_to() }}
            union
            select links.order_line_key
            from {{ ref("sat_order__status") }} as statuses
            inner join
                {{ ref("link_order__product") }} as links on links.order_key = statuses.order_key
            where statuses.load_date > {{ loaded_up_to() }}
        ),
    {% endif %}

    lines as (
        select *
        from {{ ref("bridge_order_lines") }}
        where
            known_to = timestamp 'infinity'
            {% if is_incremental() %}
                and order_line_key in (select order_line_key from news)
            {% endif %}
    ),

    orders as (
        select hubs.order_key, hubs.order_number, statuses.status, statuses.load_date
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

    -- Where a customer lived when ordering; before the first we know of, there.
    homes as (
        select
            contacts.customer_key,
            contacts.city,
            links.country_key,
            case
                when
                    row_number() over (
                        partition by contacts.customer_key
                        order by contacts.known_at, contacts.load_date
                    )
                    = 1
                then timestamp '-infinity'
                else contacts.known_at
            end as lived_from,
            lead(contacts.known_at, 1, timestamp 'infinity') over (
                partition by contacts.customer_key order by contacts.known_at, contacts.load_date
            ) as lived_to
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
    {{ hash_key(["lines.country_key", "homes.city"]) }} as location_key,

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
    greatest(lines.load_date, orders.load_date) as load_date
from lines
inner join orders on orders.order_key = lines.order_key
left join
    homes
    on homes.customer_key = lines.customer_key
    and homes.country_key = lines.country_key
    and lines.ordered_at >= homes.lived_from
    and lines.ordered_at < homes.lived_to
