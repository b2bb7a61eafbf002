{{ satellite(ref("stage_countries"), "country_key", ["iso_code"], "shop.countries") }}
