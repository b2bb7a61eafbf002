{{
    satellite(
        ref("stage_product_lines"), "product_line_key", ["description"], "shop.product_lines"
    )
}}
