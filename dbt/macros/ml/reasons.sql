{#
    A feature and its value as people say it: `Last order 120 days ago`. The words stand beside the
    column, as its meta.reason, with {} for the value, or {}% for a share; without them its name has
    to do.
#}
{% macro reason(feature, value, model) -%}
    {%- set shown -%}
        case
            when {{ value }} is null
            then 'not known'
            when {{ value }} in ('true', 'false')
            then case {{ value }} when 'true' then 'yes' else 'no' end
            when {{ value }} ~ '^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$'
            then
                {{ short_number("(" ~ value ~ ")::numeric") }}
            else {{ value }}
        end
    {%- endset -%}
    {%- set share -%}
        case when {{ value }} ~ '^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$'
        then {{ percent("(" ~ value ~ ")::numeric") }} else {{ shown }} end
    {%- endset -%}
    {%- set worded = [] -%}
    {%- if execute -%}
        {%- for column in feature_columns(model) if column.reason -%}
            {%- do worded.append(column) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set told -%}
        coalesce(
            {% for column in worded %}
                case
                    when {{ feature }} = {{ sql_text(column.name) }}
                    then {{ sql_text(column.reason) }}
                end,
            {% endfor %}
            {{ humanize(feature) }} || ' {}'
        )
    {%- endset -%}
    {#- One day is no `1 days`. #}
    regexp_replace(
        replace(replace({{ told }}, '{}%', {{ share }}), '{}', {{ shown }}),
        '(^| )1 (day|order|return|time|line)s\M',
        '\11 \2'
    )
{%- endmacro %}
