select
    {{ hash_key(["promotions.promotion_id"]) }} as promotion_key,
    {{ hash_key_or_unknown("lines.product_line") }} as product_line_key,
    {{ hash_key(["promotions.promotion_id", "lines.product_line"]) }} as promotion_of_line_key,
    promotions.promotion_id,
    promotions.promotion_name,
    promotions.discount,
    promotions.starts_on,
    promotions.ends_on,
    promotions.recorded_at,
    promotions.updated_at
from {{ ref("stg_shop__promotions") }} as promotions
left join
    {{ ref("stg_shop__product_lines") }} as lines
    on lines.product_line_id = promotions.product_line_id
