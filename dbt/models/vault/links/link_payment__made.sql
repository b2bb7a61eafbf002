{{
    link(
        ref("stage_payments"),
        "payment_made_key",
        ["payment_key", "order_key", "customer_key"],
        "shop.payments",
    )
}}
