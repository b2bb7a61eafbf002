{# `worst_concave_points` as a reader sees it: `Worst concave points`. #}
{% macro humanize(name) -%}
    (upper(left({{ name }}, 1)) || replace(substr({{ name }}, 2), '_', ' '))
{%- endmacro %}

{#
    A feature as a reader sees it: `Days since the last order`. A feature that rpt_features does not
    have, such as one of an archived version, is shown by its name.
#}
{% macro feature_label(model, feature) -%}
    coalesce({{ _of_feature("feature_label", model, feature) }}, {{ humanize(feature) }})
{%- endmacro %}

{# The same inside a sentence: `days since the last order`. #}
{% macro feature_phrase(model, feature) -%}
    coalesce({{ _of_feature("feature_phrase", model, feature) }}, replace({{ feature }}, '_', ' '))
{%- endmacro %}

{% macro _of_feature(column, model, feature) -%}
    (
        select labels.{{ column }}
        from {{ ref("rpt_features") }} as labels
        where labels.model = {{ model }} and labels.feature = {{ feature }}
    )
{%- endmacro %}

{# A label inside a sentence; an abbreviation keeps its capitals. #}
{% macro within_sentence(label) -%}
    (
        case
            when {{ label }} ~ '^[A-Z]{2}'
            then {{ label }}
            else lower(left({{ label }}, 1)) || substr({{ label }}, 2)
        end
    )
{%- endmacro %}

{# A model's name as a reader sees it, without the developer's prefix. #}
{% macro model_label(model) -%}
    {{ humanize("regexp_replace(" ~ model ~ ", '^[^.]*\\.', '')") }}
{%- endmacro %}

{# Whether a class says nothing without the name of what it is about: yes, false, 1. #}
{% macro is_bare(class) -%}
    (({{ class }}) ~* '^(yes|no|true|false|[yntf]|[-+]?[0-9.]+)$')
{%- endmacro %}

{# A class by itself: `malignant`, or `churn: Yes`. A cluster has no target: `group 3`. #}
{% macro class_name(target, class) -%}
    (
        case
            when {{ is_bare(class) }}
            then coalesce(replace({{ target }}, '_', ' ') || ': ', 'group ')
            else ''
        end
        || ({{ class }})
    )
{%- endmacro %}

{# The same at the beginning of a line: `Malignant`, `Churn: Yes`. #}
{% macro class_label(target, class) -%} {{ humanize(class_name(target, class)) }} {%- endmacro %}

{# What a score is, for display: `Predicted probability of “churned”`. #}
{% macro probability_label(target, class) -%}
    ('Predicted probability of “' || {{ class_name(target, class) }} || '”')
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

{# A count with its noun: `1 issue`, `3 issues`. #}
{% macro plural(number, noun) -%}
    ({{ counted(number) }} || ' {{ noun }}' || case when {{ number }} = 1 then '' else 's' end)
{%- endmacro %}

{# A metric's value as its unit asks: `97 %`, `0.987`, or `1,240` in the unit of the target. #}
{% macro metric_text(value, unit) -%}
    (
        case
            {{ unit }}
            when 'share'
            then {{ percent(value) }}
            when 'target'
            then {{ short_number(value) }}
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

{#
    A value that a measurement is set to: a category, a number, or a time, which the registry stores in
    days since 1970-01-01. `features`: those of the model's version.
#}
{% macro set_value_label(features, feature, category, x) -%}
    case
        {{ category }}
        when 'true'
        then 'yes'
        when 'false'
        then 'no'
        else
            coalesce(
                {{ category }},
                case
                    when
                        {{ features }} @> jsonb_build_array(
                            jsonb_build_object('name', {{ feature }}, 'kind', 'time')
                        )
                        and abs({{ x }}) < 1e6
                    then to_char(date '1970-01-01' + round({{ x }})::integer, 'FMDD Mon YYYY')
                    else {{ short_number(x) }}
                end
            )
    end
{%- endmacro %}

{# A number of any size with about three significant digits and no trailing zeros: `0.0123`, `4.57`, `1,870`. #}
{% macro short_number(number) -%}
    (
        case
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

{# A share that may be tiny without being nothing: `12.0 %`, `below 0.1 %`. #}
{% macro small_share(share) -%}
    (
        case
            when {{ share }} > 0 and {{ share }} < 0.001
            then 'below ' || {{ percent("0.001", 1) }}
            else {{ percent(share, 1) }}
        end
    )
{%- endmacro %}

{# A change in euros: `+1,240 €`, `−380 €`. #}
{% macro signed_euros(amount) -%}
    (
        case when {{ amount }} < 0 then '−' else '+' end
        || {{ counted("round(abs(" ~ amount ~ ")::numeric)") }}
        || ' €'
    )
{%- endmacro %}

{# A text that may be a number, which is then shortened: `1.08`, `!= 0`. #}
{% macro number_or_text(value) -%}
    (
        case
            when {{ value }} ~ '^-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$'
            then {{ short_number("(" ~ value ~ ")::float8") }}
            else {{ value }}
        end
    )
{%- endmacro %}
