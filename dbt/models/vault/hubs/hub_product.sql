{{ hub(ref("stage_products"), "product_key", ["sku"], "shop.products") }}
