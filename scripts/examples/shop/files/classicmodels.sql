-- From the eight tables of the model-car dealer to schema shop. Dates are taken as midnight, UTC.
-- Payments are booked to the customer, not to an order. The channel is the sales office that looks
-- after the customer.

create temporary view opening as
select min(orderdate)::timestamp at time zone 'UTC' as opened_at from orders;

insert into shop.countries (country_id, name, iso_code, recorded_at, updated_at)
select row_number() over (order by country), country, iso_code, opened_at, opened_at
from (select distinct trim(country) as country from customers) as country_names
left join iso_codes on iso_codes.name = country
cross join opening;

insert into shop.customers (
    customer_id, customer_number, name, country_id, city, channel, recorded_at, updated_at
)
select customernumber, customernumber::text, customername, country_id, trim(customers.city),
       offices.city, seen_at, seen_at
from customers
join shop.countries on countries.name = trim(country)
left join employees on employeenumber = salesrepemployeenumber
left join offices using (officecode)
cross join opening
cross join lateral (
    -- The first that was heard of them; those who never ordered were there from the beginning.
    select coalesce(
        least(
            (select min(orderdate) from orders where orders.customernumber = customers.customernumber),
            (select min(paymentdate) from payments where payments.customernumber = customers.customernumber)
        )::timestamp at time zone 'UTC',
        opened_at
    ) as seen_at
) as first_heard;

insert into shop.product_lines (product_line_id, name, description, recorded_at, updated_at)
select row_number() over (order by productline), productline, textdescription, opened_at, opened_at
from productlines
cross join opening;

insert into shop.products (
    product_id, sku, name, product_line_id, list_price, recorded_at, updated_at
)
select row_number() over (order by productcode), productcode, productname, product_line_id, msrp,
       opened_at, opened_at
from products
join shop.product_lines on product_lines.name = productline
cross join opening;

insert into shop.orders (
    order_id, order_number, kind, customer_id, country_id, ordered_at, promised_on, shipped_at,
    status, recorded_at, updated_at
)
select ordernumber, ordernumber::text, 'sale', customer_id, country_id, ordered_at, requireddate,
       sent_at,
       case status when 'In Process' then 'placed' when 'Resolved' then 'completed' else lower(status) end,
       ordered_at, coalesce(sent_at, ordered_at)
from (
    select *,
           orderdate::timestamp at time zone 'UTC' as ordered_at,
           shippeddate::timestamp at time zone 'UTC' as sent_at
    from orders
) as dated
join shop.customers on customer_id = customernumber;

insert into shop.order_items (
    order_id, line_number, product_id, quantity, unit_price, recorded_at, updated_at
)
select order_id, orderlinenumber, product_id, quantityordered, priceeach, orders.recorded_at,
       orders.recorded_at
from orderdetails
join shop.orders on order_id = ordernumber
join shop.products on sku = productcode;

insert into shop.payments (
    payment_id, payment_number, customer_id, paid_at, amount, method, recorded_at, updated_at
)
select row_number() over (order by paymentdate, checknumber), checknumber, customernumber, paid_at,
       amount, 'cheque', paid_at, paid_at
from (select *, paymentdate::timestamp at time zone 'UTC' as paid_at from payments) as dated;
