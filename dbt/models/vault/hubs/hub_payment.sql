{{ hub(ref("stage_payments"), "payment_key", ["payment_number"], "shop.payments") }}
