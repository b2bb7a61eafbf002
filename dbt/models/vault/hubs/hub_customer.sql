{{ hub(ref("stage_customers"), "customer_key", ["customer_number"], "shop.customers") }}
