{#
    Every pred_* node in one shape, so that a new model appears without a new chart. Where a node
    names its columns in its own way, its meta says which is which:

        config: {meta: {prediction: {key: customer_key, score: churn_probability}}}
#}
{{ config(indexes=[{"columns": ["model", "sort_order"]}]) }}

with
    predictions as (
        {% for name in var("trained_models") %}
            {%- set relation = ref("pred_" ~ name) -%}
            {%- set names = {} -%}
            {%- if execute -%}
                {%- do names.update(key=model_node(name).config.key) -%}
                {%- do names.update(
                    model_node("pred_" ~ name).config.meta.get("prediction", {})
                ) -%}
            {%- endif %}
            select
                {{ sql_text(registry_name(name)) }} as model,
                model_version,
                cast({{ names.key or "null" }} as text) as key,
                cast({{ names.prediction or "prediction" }} as text) as prediction,
                cast({{ names.score or "score" }} as double precision) as score
            from {{ relation }} {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    versions as (select * from {{ of_champions("model_versions") }} as versions)

select
    -- ids
    predictions.model,
    predictions.key,

    -- text
    {{ model_label("predictions.model") }} as model_label,
    versions.task,
    case
        versions.task
        when 'regression'
        then {{ short_number("predictions.score") }}
        else {{ class_label("versions.target", "predictions.prediction") }}
    end as prediction_label,
    case
        when versions.task <> 'classification'
        then 'not asked'
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
