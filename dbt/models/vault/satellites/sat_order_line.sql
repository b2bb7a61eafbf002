{{
    satellite(
        ref("stage_order_lines"),
        "order_line_key",
        ["product_in_order_key", "quantity", "unit_price", "discount"],
        "shop.order_items",
    )
}}
