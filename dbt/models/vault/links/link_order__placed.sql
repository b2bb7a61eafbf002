{{
    link(
        ref("stage_orders"),
        "order_placed_key",
        ["order_key", "customer_key", "country_key", "promotion_key", "returned_order_key"],
        "shop.orders",
    )
}}
