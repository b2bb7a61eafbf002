{{
    satellite(
        ref("stage_payments"),
        "payment_key",
        ["payment_made_key", "paid_at", "amount", "method"],
        "shop.payments",
    )
}}
