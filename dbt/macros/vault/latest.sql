{#
    The newest row of each key of a satellite: as it is now, or with `as_of` as it was known at the
    end of that day.

        select * from {{ latest(ref("sat_customer__contact"), "customer_key") }}
#}
{% macro latest(satellite, key, known_before=none) -%}
    (
        select distinct on ({{ key }}) *
        from {{ satellite }}
        {% if known_before %} where known_at < {{ known_before }} {% endif %}
        order by {{ key }}, known_at desc, load_date desc
    )
{%- endmacro %}
