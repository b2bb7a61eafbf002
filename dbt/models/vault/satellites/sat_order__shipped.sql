{{
    satellite(
        ref("stage_orders"),
        "order_key",
        ["shipped_at"],
        "shop.orders",
        valid_from="greatest(recorded_at, shipped_at)",
        where="shipped_at is not null",
    )
}}
