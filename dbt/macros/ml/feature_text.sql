{#
    A feature and its value as text: `Last order 120 days ago`. The template is the column's
    meta.reason, with {} for the value or {}% for a share; without one it is the feature's name.
#}
{% macro feature_text(feature, value, model) -%}
    {%- set is_number = value ~ " ~ '^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$'" -%}
    {%- set number = "(" ~ value ~ ")::numeric" -%}
    {%- set value_text -%}
        case
            when {{ value }} is null
            then 'not known'
            when {{ value }} in ('true', 'false')
            then case {{ value }} when 'true' then 'yes' else 'no' end
            when {{ is_number }}
            then {{ short_number(number) }}
            else {{ value }}
        end
    {%- endset -%}
    {%- set share_text -%}
        case when {{ is_number }} then {{ percent(number) }} else {{ value_text }} end
    {%- endset -%}
    {%- set template -%}
        coalesce(
            {% for column in (feature_columns(model) if execute else []) if column.reason %}
                case
                    when {{ feature }} = {{ sql_text(column.name) }}
                    then {{ sql_text(column.reason) }}
                end,
            {% endfor %}
            {{ humanize(feature) }} || ' {}'
        )
    {%- endset -%}
    {#- The singular: `1 day`, not `1 days`. #}
    regexp_replace(
        replace(replace({{ template }}, '{}%', {{ share_text }}), '{}', {{ value_text }}),
        '(^| )1 (day|order|return|time|line)s\M',
        '\11 \2'
    )
{%- endmacro %}
