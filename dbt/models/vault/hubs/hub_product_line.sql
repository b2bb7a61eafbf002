{{ hub(ref("stage_product_lines"), "product_line_key", ["product_line"], "shop.product_lines") }}
