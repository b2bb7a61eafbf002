{{ satellite(ref("stage_products"), "product_key", ["list_price"], "shop.products") }}
