{{
    link(
        ref("stage_customers"),
        "customer_in_country_key",
        ["customer_key", "country_key"],
        "shop.customers",
    )
}}
