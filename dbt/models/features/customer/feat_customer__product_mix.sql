with
    lines as (
        select *
        from {{ order_lines_as_of(["kind", "product_key", "order_key", "net_amount"]) }} as lines
        where kind = 'sale'
    ),

    products as (select * from {{ product_lines() }} as products),

    by_line as (
        select
            lines.customer_key,
            lines.as_of,
            products.product_line,
            count(*) as lines,
            sum(lines.net_amount) as amount
        from lines
        inner join products on products.product_key = lines.product_key
        group by lines.customer_key, lines.as_of, products.product_line
    ),

    by_customer as (
        select
            customer_key,
            as_of,
            count(distinct product_key) as products,
            count(*) / count(distinct order_key)::float8 as lines_per_order
        from lines
        group by customer_key, as_of
    ),

    favourites as (
        select distinct
            on (customer_key, as_of)
            customer_key,
            as_of,
            product_line as favourite_line,
            lines / sum(lines) over (partition by customer_key, as_of)::float8 as favourite_share,
            count(*) over (partition by customer_key, as_of) as product_lines
        from by_line
        order by customer_key, as_of, lines desc, amount desc, product_line
    )

select
    by_customer.customer_key,
    by_customer.as_of,
    by_customer.products,
    by_customer.lines_per_order,
    favourites.product_lines,
    favourites.favourite_line,
    favourites.favourite_share
from by_customer
inner join
    favourites
    on favourites.customer_key = by_customer.customer_key
    and favourites.as_of = by_customer.as_of
