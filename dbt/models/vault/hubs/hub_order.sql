{{ hub(ref("stage_orders"), "order_key", ["order_number"], "shop.orders") }}
