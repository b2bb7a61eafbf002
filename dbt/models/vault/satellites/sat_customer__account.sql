{{
    satellite(
        ref("stage_customers"),
        "customer_key",
        ["customer_name", "channel", "signed_up_at"],
        "shop.customers",
        known_at="recorded_at",
    )
}}
