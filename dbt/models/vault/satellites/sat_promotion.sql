{{
    satellite(
        ref("stage_promotions"),
        "promotion_key",
        ["promotion_of_line_key", "promotion_name", "discount", "starts_on", "ends_on"],
        "shop.promotions",
        valid_from="recorded_at",
    )
}}
