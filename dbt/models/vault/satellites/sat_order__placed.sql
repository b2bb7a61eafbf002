{{
    satellite(
        ref("stage_orders"),
        "order_key",
        ["order_placed_key", "kind", "ordered_at", "promised_on"],
        "shop.orders",
        valid_from="recorded_at",
    )
}}
