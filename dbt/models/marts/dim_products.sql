with
    products as (select * from {{ ref("hub_product") }}),

    names as (select * from {{ latest(ref("sat_product__name"), "product_key") }} as newest),

    prices as (select * from {{ latest(ref("sat_product__price"), "product_key") }} as newest),

    lines as (
        select links.product_in_line_key, hubs.product_line
        from {{ ref("link_product__product_line") }} as links
        inner join
            {{ ref("hub_product_line") }} as hubs on hubs.product_line_key = links.product_line_key
    )

select
    products.product_key,
    products.sku,
    coalesce(names.product_name, products.sku) as product_name,
    lines.product_line,
    prices.list_price,
    greatest(names.load_date, prices.load_date) as load_date
from products
inner join names on names.product_key = products.product_key
inner join prices on prices.product_key = products.product_key
inner join lines on lines.product_in_line_key = names.product_in_line_key
