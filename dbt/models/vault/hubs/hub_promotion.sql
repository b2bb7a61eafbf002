{{ hub(ref("stage_promotions"), "promotion_key", ["promotion_id"], "shop.promotions") }}
