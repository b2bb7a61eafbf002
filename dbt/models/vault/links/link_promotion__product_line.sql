{{
    link(
        ref("stage_promotions"),
        "promotion_of_line_key",
        ["promotion_key", "product_line_key"],
        "shop.promotions",
    )
}}
