{{
    satellite(
        ref("stage_products"),
        "product_key",
        ["product_in_line_key", "product_name"],
        "shop.products",
        known_at="recorded_at",
    )
}}
