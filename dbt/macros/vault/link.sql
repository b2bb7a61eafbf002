{#
    A link: each meeting of business keys once. Which of several links of one thing is in force says
    the satellite that carries its key. `asked_for`: columns by which its rows are looked up.

        {{ link(ref("stage_products"), "product_in_line_key", ["product_key", "product_line_key"], "shop.products") }}
#}
{% macro link(stage, key, columns, record_source, asked_for=[]) %}
    {{- indexed(key, asked_for) }}
    select
        stage.{{ key }},
        {% for column in columns %} stage.{{ column }}, {% endfor %}
        {{ load_columns("stage.updated_at", record_source) }}
    from {{ stage }} as stage
    {% if is_incremental() %}
        where
            stage.updated_at >= {{ known_up_to() }}
            and not exists (
                select from {{ this }} as present where present.{{ key }} = stage.{{ key }}
            )
    {% endif %}
{% endmacro %}
