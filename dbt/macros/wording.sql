{# `worst_concave_points` as a reader sees it: `Worst concave points`. A developer's prefix is left out. #}
{% macro humanize(column) -%}
    (
        upper(left(regexp_replace({{ column }}, '^[^.]*\.', ''), 1))
        || replace(substr(regexp_replace({{ column }}, '^[^.]*\.', ''), 2), '_', ' ')
    )
{%- endmacro %}

{# A share as `37 %`, with a narrow space that does not break. #}
{% macro percent(share, decimals=0) -%}
    (
        to_char(100 * ({{ share }})::numeric, 'FM990{{ "." ~ "0" * decimals if decimals }}')
        || U&'\202F%'
    )
{%- endmacro %}

{# A count as `41,280`. #}
{% macro counted(number) -%} to_char({{ number }}, 'FM999,999,999,990') {%- endmacro %}

{# A metric's value as its unit asks: `97 %` or `0.987`. #}
{% macro shown_metric(value, unit) -%}
    (
        case
            {{ unit }}
            when 'share'
            then {{ percent(value) }}
            else to_char(({{ value }})::numeric, 'FM990.000')
        end
    )
{%- endmacro %}

{# Where a value stands on a drawn scale, 0 to 100. #}
{% macro track_position(value, low, high) -%}
    round(
        (
            100 * least(
                1,
                greatest(0, (({{ value }}) - ({{ low }})) / nullif(({{ high }}) - ({{ low }}), 0))
            )
        )::numeric,
        2
    )
{%- endmacro %}

{# A number of any size with about three significant digits and no trailing zeros: `0.0123`, `4.57`, `1,870`. #}
{% macro short_number(number) -%}
    (
        case
            when {{ number }} is null
            then null
            when {{ number }} = 0
            then '0'
            when abs({{ number }}) >= 100
            then to_char(({{ number }})::numeric, 'FM999,999,999,990')
            else
                trim_scale(
                    round(
                        ({{ number }})::numeric, 2 - floor(log(abs({{ number }})::numeric))::integer
                    )
                )::text
        end
    )
{%- endmacro %}
