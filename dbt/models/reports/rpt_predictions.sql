{#
    The predictions of every pred_* node in the same columns, so that a new model needs no new chart.
    The meta of a node maps its own column names:

        config: {meta: {prediction: {key: customer_key, score: churn_probability}}}
#}
{{ config(indexes=[{"columns": ["model_label", "sort_order"]}]) }}

{#- Surrogate keys, and the readable name of what each identifies. -#}
{%- set labels_by_key = {
    "customer_key": {
        "relation": ref("dim_customers"),
        "name": "customer_number",
        "word": "Customer",
    }
} -%}
{#- A node without a prediction column, such as the revenue forecast, has its own dashboard. -#}
{%- set answers = [] -%}
{%- for name in predicted_models() -%}
    {%- set relation = ref("pred_" ~ name) -%}
    {%- if execute -%}
        {%- set columns = (
            adapter.get_columns_in_relation(relation) | map(attribute="name") | list
        ) -%}
        {%- set named = model_node("pred_" ~ name).config.meta.get("prediction", {}) -%}
        {%- set prediction = named.get("prediction", "prediction") -%}
        {%- set score = named.get("score", "score") -%}
        {%- if prediction in columns -%}
            {%- do answers.append(
                {
                    "model": registry_name(name),
                    "relation": relation,
                    "key": named.get("key", model_node(name).config.key),
                    "prediction": "answers." ~ adapter.quote(prediction),
                    "score": (
                        "answers." ~ adapter.quote(score) if score in columns else "null"
                    ),
                }
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endfor -%}
with
    predictions as (
        {% for answer in answers %}
            select
                {{ sql_text(answer.model) }} as model,
                answers.model_version,
                cast(answers.{{ adapter.quote(answer.key) }} as text) as key,
                {% if answer.key in labels_by_key -%}
                    {%- set label = labels_by_key[answer.key] -%}
                    {{ sql_text(label.word) }} || ' ' || labels.{{ adapter.quote(label.name) }}
                {%- else -%} null
                {%- endif %} as case_name,
                cast({{ answer.prediction }} as text) as prediction,
                cast({{ answer.score }} as double precision) as score
            from {{ answer.relation }} as answers
            {% if answer.key in labels_by_key -%}
                left join
                    {{ labels_by_key[answer.key].relation }} as labels
                    on cast(labels.{{ adapter.quote(answer.key) }} as text)
                    = cast(answers.{{ adapter.quote(answer.key) }} as text)
                {%- endif %} {{ "union all" if not loop.last }}
        {% else %}
            select
                null::text as model,
                null::integer as model_version,
                null::text as key,
                null::text as case_name,
                null::text as prediction,
                null::float8 as score
            where false
        {% endfor %}
    ),

    versions as (select * from {{ of_champions("model_versions") }} as versions)

select
    -- ids
    predictions.model,
    predictions.key,

    -- text
    {{ model_label("predictions.model") }} as model_label,
    coalesce(predictions.case_name, 'Case ' || predictions.key) as case_label,
    versions.task,
    case
        versions.task
        when 'regression'
        then {{ short_number("predictions.score") }}
        when 'multilabel'
        then
            coalesce(
                (
                    select string_agg(label, ', ' order by place)
                    from jsonb_array_elements_text(predictions.prediction::jsonb)
                    with ordinality as labels(label, place)
                ),
                'none'
            )
        else {{ class_label("versions.target", "predictions.prediction") }}
    end as prediction_label,
    case
        when versions.task <> 'classification'
        then 'not applicable'
        when predictions.score between 0.35 and 0.65
        then 'unsure'
        when predictions.score between 0.1 and 0.9
        then 'fairly sure'
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
