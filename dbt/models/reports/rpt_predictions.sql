{# Every classification's pred_* node in one shape, so that a new model appears without a new chart. -#}
{%- set classifications = [] -%}
{%- for name in var("trained_models") -%}
    {%- do ref("pred_" ~ name) -%}
    {%- if not execute or model_node(name).config.task == "classification" -%}
        {%- do classifications.append(name) -%}
    {%- endif -%}
{%- endfor -%}
with
    predictions as (
        {% for name in classifications %}
            select
                model,
                model_label,
                model_version,
                cast(
                    {{ adapter.quote(model_node(name).config.key) if execute else "null" }} as text
                ) as key,
                prediction,
                score
            from {{ ref("pred_" ~ name) }} {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    versions as (select * from {{ of_champions("model_versions") }} as versions)

select
    -- ids
    predictions.model,
    predictions.key,

    -- text
    predictions.model_label,
    {{ class_label("versions.target", "predictions.prediction") }} as prediction_label,
    case
        when predictions.score between 0.35 and 0.65
        then 'unsure'
        when predictions.score between 0.1 and 0.9
        then 'leaning'
        else 'sure'
    end as certainty,

    -- numbers
    predictions.model_version,
    predictions.score,
    row_number() over (
        partition by predictions.model order by abs(predictions.score - 0.5), predictions.key
    ) as sort_order,

    -- booleans
    coalesce(predictions.prediction = versions.positive_class, false) as is_positive
from predictions
inner join versions on versions.model = predictions.model
