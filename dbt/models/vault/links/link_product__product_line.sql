{{
    link(
        ref("stage_products"),
        "product_in_line_key",
        ["product_key", "product_line_key"],
        "shop.products",
    )
}}
