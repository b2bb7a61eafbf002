{{ satellite(ref("stage_orders"), "order_key", ["status"], "shop.orders") }}
