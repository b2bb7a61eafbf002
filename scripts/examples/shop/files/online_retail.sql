-- From the four tables of the British web shop to schema shop. Invoice times are taken as UTC.
-- What the source does not say (names, cities, payments, list prices, which sale a cancellation
-- takes back) stays empty.

create temporary table dated on commit drop as
select invoice_no, customer_id, coalesce(country, 'Unspecified') as country,
       invoice_ts at time zone 'UTC' as invoiced_at,
       row_number() over (order by invoice_ts, invoice_no) as order_id
from invoices;
create temporary view opening as select min(invoiced_at) as opened_at from dated;

insert into shop.countries (country_id, name, iso_code, recorded_at, updated_at)
select row_number() over (order by country), country, iso_code, opened_at, opened_at
from (
    select country from dated
    union
    select country from customers
) as country_names
left join iso_codes on iso_codes.name = country
cross join opening;

insert into shop.customers (
    customer_id, customer_number, country_id, signed_up_at, recorded_at, updated_at
)
select customer_id, customer_id::text, country_id, first_at, coalesce(first_at, opened_at),
       coalesce(first_at, opened_at)
from (
    -- Somebody may be on an invoice and not on the list, and the other way round.
    select customer_id, coalesce(min(customers.country), min(dated.country)) as country,
           min(invoiced_at) as first_at
    from customers
    full join dated using (customer_id)
    where customer_id is not null
    group by customer_id
) as known
join shop.countries on countries.name = known.country
cross join opening;

-- The source has no product lines. These are made from the words in the description, the first that
-- fits; what is no article at all (postage, fees, vouchers) has a stock code without five digits.
create temporary table line_rules (position smallint, name text, pattern text) on commit drop;
insert into line_rules values
    (1, 'Services and fees', null),
    (2, 'Christmas', 'CHRISTMAS|XMAS|ADVENT|SANTA|REINDEER|SNOWFLAKE'),
    (3, 'Lights and candles', 'CANDLE|LIGHT|LANTERN|LAMP|NIGHT'),
    (4, 'Bags', '\mBAGS?\M|PURSE|SHOPPER|BASKET|\mCASES?\M'),
    (5, 'Kitchen', 'CAKE|MUG|\mTEA|BOWL|\mCUP|PLATE|TRAY|KITCHEN|LUNCH|BAKING|JAR\M|CUTLERY|BOTTLE'),
    (6, 'Paper and parties', 'CARD|PAPER|WRAP|NOTEBOOK|PENCIL|\mPEN\M|STICKER|PARTY|BALLOON|BUNTING'),
    (7, 'Home and gifts', '');

insert into shop.product_lines (product_line_id, name, recorded_at, updated_at)
select position, name, opened_at, opened_at from line_rules cross join opening;

create temporary table articles on commit drop as
select stock_code, min(description) as description, min(invoiced_at) as first_at,
       stock_code ~ '^(\d{5}|DCGS)' as is_article
from products
full join invoice_lines using (stock_code)
left join dated using (invoice_no)
group by stock_code;

insert into shop.products (product_id, sku, name, product_line_id, recorded_at, updated_at)
select row_number() over (order by stock_code), stock_code, nullif(trim(description), ''),
       case when is_article then fitting.position else 1 end, known_at, known_at
from articles
cross join opening
cross join lateral (select coalesce(first_at, opened_at) as known_at) as moment
cross join lateral (
    select min(position) as position from line_rules where coalesce(description, '') ~ pattern
) as fitting;

insert into shop.orders (
    order_id, order_number, kind, customer_id, country_id, ordered_at, status, recorded_at,
    updated_at
)
select order_id, invoice_no, case when invoice_no like 'C%' then 'return' else 'sale' end,
       customer_id, country_id, invoiced_at, 'completed', invoiced_at, invoiced_at
from dated
join shop.countries on countries.name = dated.country;

-- Prices below nothing and quantities below nothing in a sale are the shop's own corrections.
insert into shop.order_items (
    order_id, line_number, product_id, quantity, unit_price, recorded_at, updated_at
)
select order_id, line_no, product_id, quantity, unit_price, invoiced_at, invoiced_at
from invoice_lines
join dated using (invoice_no)
join shop.products on sku = stock_code
order by order_id, line_no;
