{#
    The forecasts of a model node with task='forecast', as a sub-select with the columns series, at,
    step, forecast, lower, upper and baseline.

        select * from {{ forecast(ref('turnover')) }}
        select * from {{ forecast(ref('turnover'), horizon=6, known_ahead=ref('planned_prices')) }}

    `known_ahead`: a relation with the columns known ahead, see ml.forecast. A model that lacks rows
    to train on forecasts nothing.
#}
{% macro forecast(model, horizon=none, known_ahead=none, version=none) -%}
    {%- set forecast_function = function("forecast") -%}
    {%- if not execute -%} {{- return("(select 1) as forecasts") -}} {%- endif -%}
    {%- if known_ahead -%} {%- do check_is_relation(known_ahead, "forecast()") -%} {%- endif -%}
    {%- set node = model_node(model) -%}
    {%- if node.config.get("task") != "forecast" -%}
        {%- do exceptions.raise_compiler_error(
            "The model " ~ node.name ~ " has another task than forecast. Use predict()."
        ) -%}
    {%- endif -%}
    {%- set has_forecasts = is_trained(model) -%}
    {%- if has_forecasts -%} {%- do has_version(node, version) -%} {%- endif -%}
    (
        select *
        from
            {{ forecast_function }} (
                {{ sql_text(registry_name(node)) }},
                {{ horizon or "null" }},
                {{ sql_text("select * from " ~ known_ahead if known_ahead else none) }},
                {{ version or "null" }}
            )
            {{ "where false" if not has_forecasts }}
    ) as forecasts
{%- endmacro %}
