-- The shop as its own systems keep it: normalised, with keys, alive. Run as the role that owns the
-- schema; running it again changes nothing. Whatever fills it (simulator, online_retail,
-- classicmodels) fills these tables and no others.
--
-- Each table says when a row became known here (recorded_at) and when it was last changed
-- (updated_at). That is not when the thing itself happened: an order of Monday may be recorded on
-- Thursday.

create schema if not exists shop;
comment on schema shop is 'The shop as its own systems keep it: normalised and alive';

create table if not exists shop.countries (
    country_id smallint primary key,
    name text not null unique,
    iso_code char(2) unique,
    recorded_at timestamptz not null,
    updated_at timestamptz not null
);

create table if not exists shop.customers (
    customer_id bigint primary key,
    customer_number text not null unique,
    name text,
    country_id smallint not null references shop.countries,
    city text,
    channel text,
    newsletter boolean,
    signed_up_at timestamptz,
    recorded_at timestamptz not null,
    updated_at timestamptz not null
);

create table if not exists shop.product_lines (
    product_line_id smallint primary key,
    name text not null unique,
    description text,
    recorded_at timestamptz not null,
    updated_at timestamptz not null
);

create table if not exists shop.products (
    product_id bigint primary key,
    sku text not null unique,
    name text,
    product_line_id smallint not null references shop.product_lines,
    list_price numeric(12, 2) check (list_price >= 0),
    recorded_at timestamptz not null,
    updated_at timestamptz not null
);

create table if not exists shop.promotions (
    promotion_id bigint primary key,
    name text not null,
    -- NULL: every product line.
    product_line_id smallint references shop.product_lines,
    discount numeric(4, 3) not null check (discount between 0 and 1),
    starts_on date not null,
    ends_on date not null check (ends_on >= starts_on),
    recorded_at timestamptz not null,
    updated_at timestamptz not null
);

-- A return is an order of its own, with negative quantities: that is how shops book it.
create table if not exists shop.orders (
    order_id bigint primary key,
    order_number text not null unique,
    kind text not null check (kind in ('sale', 'return')),
    -- NULL: a sale over the counter, or a customer nobody wrote down.
    customer_id bigint references shop.customers,
    country_id smallint not null references shop.countries,
    promotion_id bigint references shop.promotions,
    -- Where known, the sale that a return takes back.
    returned_order_id bigint references shop.orders,
    ordered_at timestamptz not null,
    -- The day the customer was told, and when it went out; NULL where the shop does not keep it.
    promised_on date,
    shipped_at timestamptz,
    status text not null check (status in ('placed', 'shipped', 'on hold', 'disputed', 'cancelled', 'completed')),
    recorded_at timestamptz not null,
    updated_at timestamptz not null
);
create index if not exists orders_by_customer on shop.orders (customer_id, ordered_at);
-- In UTC, as staging shows it: each build asks for what has changed since the last one.
create index if not exists orders_by_change on shop.orders ((updated_at at time zone 'UTC'));

create table if not exists shop.order_items (
    order_id bigint not null references shop.orders,
    line_number integer not null,
    product_id bigint not null references shop.products,
    quantity integer not null,
    -- What one piece cost before the discount, in the shop's currency.
    unit_price numeric(12, 4) not null,
    discount numeric(4, 3) not null default 0 check (discount between 0 and 1),
    recorded_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (order_id, line_number)
);
create index if not exists order_items_by_change on shop.order_items ((updated_at at time zone 'UTC'));

create table if not exists shop.payments (
    payment_id bigint primary key,
    payment_number text not null unique,
    -- One of the two is known: some shops book payments to the customer's account.
    order_id bigint references shop.orders,
    customer_id bigint references shop.customers,
    paid_at timestamptz not null,
    amount numeric(14, 2) not null,
    method text,
    recorded_at timestamptz not null,
    updated_at timestamptz not null,
    check (order_id is not null or customer_id is not null)
);
create index if not exists payments_by_change on shop.payments ((updated_at at time zone 'UTC'));

-- Which load the rows come from: one row with a new id each time that `make load-shop` replaces them.
-- The warehouse keeps the id, and refuses to mix the history of two shops.
create table if not exists shop.load (
    load_id uuid primary key default gen_random_uuid(),
    source text not null,
    loaded_at timestamptz not null default now()
);
