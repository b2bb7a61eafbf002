{{
    satellite(
        ref("stage_products"),
        "product_key",
        ["product_in_line_key", "product_name"],
        "shop.products",
        valid_from="recorded_at",
    )
}}
