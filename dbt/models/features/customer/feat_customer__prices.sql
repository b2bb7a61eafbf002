-- How prices have changed since a customer's last order: the last price that anybody paid for each
-- of its products in the 90 days up to the day, against the price that the customer paid.
with
    lines as (
        select *
        from
            {{
                order_lines_as_of(
                    ["order_key", "kind", "product_key", "unit_price", "discount", "ordered_at"]
                )
            }} as lines
        where kind = 'sale'
    ),

    bought as (
        select
            *,
            rank() over (
                partition by customer_key, as_of order by ordered_at desc, order_key
            ) as orders_back
        from lines
    ),

    days as (select distinct as_of from lines),

    {% set is_sold -%}
        sold.ordered_at < days.as_of + 1
        and sold.ordered_at >= days.as_of - 89
        and sold.valid_from < days.as_of + 1
        and sold.valid_to >= days.as_of + 1
        and sold.kind = 'sale'
        and not sold.is_cancelled
        and sold.unit_price > 0
    {%- endset %}
    prices as materialized(
        {% if has_citus() %}
            -- Citus has no index of all shards to look a price up with.
            select distinct
                on (days.as_of, sold.product_key) days.as_of, sold.product_key, sold.unit_price
            from days
            inner join {{ ref("bridge_order_lines") }} as sold on {{ is_sold }}
            order by days.as_of, sold.product_key, sold.ordered_at desc, sold.order_line_key
        {% else %}
            -- Each price is looked up from the day backwards, by an index, because a product has
            -- thousands of order lines in 90 days. Materialized: once for each day and product. The
            -- planner expects few lines of last orders, and would look up the price of each line.
            select days.as_of, products.product_key, last_sold.unit_price
            from days
            cross join {{ ref("hub_product") }} as products
            cross join
                lateral(
                    select sold.unit_price
                    from {{ ref("bridge_order_lines") }} as sold
                    where sold.product_key = products.product_key and {{ is_sold }}
                    order by sold.ordered_at desc, sold.order_line_key
                    limit 1
                ) as last_sold
        {% endif %}
    ),

    rises as (
        select
            bought.customer_key,
            bought.as_of,
            -- As numeric, because a sum of floats depends on the order of the rows.
            exp(avg(ln((prices.unit_price / bought.unit_price)::float8)::numeric)) - 1 as price_rise
        from bought
        inner join prices on prices.as_of = bought.as_of and prices.product_key = bought.product_key
        where bought.orders_back = 1 and bought.unit_price > 0
        group by bought.customer_key, bought.as_of
    ),

    habits as (
        select
            customer_key,
            as_of,
            avg(discount)::float8 as discount_mean,
            avg((discount > 0)::integer)::float8 as discounted_share,
            avg(unit_price)::float8 as unit_price_mean
        from bought
        group by customer_key, as_of
    )

select habits.*, coalesce(rises.price_rise, 0)::float8 as price_rise
from habits
left join rises on rises.customer_key = habits.customer_key and rises.as_of = habits.as_of
