{{
    link(
        ref("stage_order_lines"),
        "product_in_order_key",
        ["order_line_key", "order_key", "product_key", "line_number"],
        "shop.order_items",
        lookup=["order_key"],
    )
}}
