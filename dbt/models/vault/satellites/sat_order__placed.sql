{{
    satellite(
        ref("stage_orders"),
        "order_key",
        ["order_placed_key", "kind", "ordered_at", "promised_on"],
        "shop.orders",
        known_at="recorded_at",
    )
}}
