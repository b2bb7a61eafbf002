-- The one table that was published, taken apart into the four.

create temporary table invoices on commit drop as
select invoiceno as invoice_no, min(invoicedate) as invoice_ts,
       min(customerid)::bigint as customer_id, min(country) as country
from published
group by invoiceno;

create temporary table customers on commit drop as
select customer_id, min(country) as country
from invoices
where customer_id is not null
group by customer_id;

create temporary table products on commit drop as
select stockcode as stock_code, mode() within group (order by description) as description
from published
group by stockcode;

create temporary table invoice_lines on commit drop as
select invoiceno as invoice_no,
       row_number() over (partition by invoiceno order by row_number)::integer as line_no,
       stockcode as stock_code, quantity, unitprice as unit_price
from published;
