{{
    satellite(
        ref("stage_customers"),
        "customer_key",
        ["customer_in_country_key", "city", "newsletter"],
        "shop.customers",
    )
}}
