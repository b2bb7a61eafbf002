{{
    satellite(
        ref("stage_customers"),
        "customer_key",
        ["customer_name", "channel", "signed_up_at"],
        "shop.customers",
        valid_from="recorded_at",
    )
}}
