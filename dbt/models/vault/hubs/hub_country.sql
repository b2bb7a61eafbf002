{{ hub(ref("stage_countries"), "country_key", ["country"], "shop.countries") }}
