{{ config(materialized="incremental", incremental_strategy="append") }}

-- What each product last cost, and when that was first seen here: a row is added when a price has
-- moved, or when nobody has paid one for 90 days. It tells who has to be described anew because
-- of a
-- price (see carrying.sql).
with
    today as (
        select max(as_of) as as_of from {{ ref("feat_customer__snapshots") }} where is_current
    ),

    prices as (select product_key, unit_price from {{ last_prices("today") }} as prices)

{% if is_incremental() %}
        ,
        standing as (
            select distinct on (product_key) product_key, unit_price
            from {{ this }}
            order by product_key, load_date desc
        )

    select product_key, prices.unit_price, {{ this_load() }} as load_date
    from prices
    full join standing using (product_key)
    where prices.unit_price is distinct from standing.unit_price
{% else %} select product_key, unit_price, {{ this_load() }} as load_date from prices
{% endif %}
