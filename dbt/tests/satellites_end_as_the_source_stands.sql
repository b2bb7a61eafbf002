-- The newest row of each satellite says what the source says now: nothing was missed on the way.
with
    differing as (
        select 'sat_customer__contact' as satellite, stage.customer_key as key
        from {{ ref("stage_customers") }} as stage
        left join
            {{ latest(ref("sat_customer__contact"), "customer_key") }} as newest
            on newest.customer_key = stage.customer_key
        where
            (newest.customer_in_country_key, newest.city, newest.newsletter)
            is distinct from (stage.customer_in_country_key, stage.city, stage.newsletter)
        union all
        select 'sat_order__status', stage.order_key
        from {{ ref("stage_orders") }} as stage
        left join
            {{ latest(ref("sat_order__status"), "order_key") }} as newest
            on newest.order_key = stage.order_key
        where newest.status is distinct from stage.status
        union all
        select 'sat_order_line', stage.order_line_key
        from {{ ref("stage_order_lines") }} as stage
        left join
            {{ latest(ref("sat_order_line"), "order_line_key") }} as newest
            on newest.order_line_key = stage.order_line_key
        where
            (
                newest.product_in_order_key,
                newest.quantity,
                newest.unit_price,
                newest.discount
            ) is distinct from (
                stage.product_in_order_key, stage.quantity, stage.unit_price, stage.discount
            )
        union all
        select 'sat_product__price', stage.product_key
        from {{ ref("stage_products") }} as stage
        left join
            {{ latest(ref("sat_product__price"), "product_key") }} as newest
            on newest.product_key = stage.product_key
        where newest.list_price is distinct from stage.list_price
    )

select *
from differing
