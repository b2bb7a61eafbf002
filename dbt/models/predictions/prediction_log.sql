{#
    Predictions as they were made: rows are only added, so a later build changes none of them. One row
    for each model version, case and period, as it was predicted first. The meta of a pred_* node says
    which column is the period, and which model holds the features:

        config: {meta: {prediction: {key: customer_key, period: as_of, features: feat_customer__current}}}
#}
{{ config(materialized="incremental", incremental_strategy="append", full_refresh=false) }}

{%- set sources = [] -%}
{%- for name in predicted_models() -%}
    {%- set relation = ref("pred_" ~ name) -%}
    {%- set named = (
        model_node("pred_" ~ name).config.meta.get("prediction", {}) if execute else {}
    ) -%}
    {%- set features = model_relation(named.features) if named.features -%}
    {%- set columns = (
        adapter.get_columns_in_relation(relation) | map(attribute="name") | list
        if execute
        else []
    ) -%}
    {%- if "prediction" in columns and "score" in columns -%}
        {%- do sources.append(
            {
                "model": registry_name(name),
                "relation": relation,
                "key": adapter.quote(named.get("key", model_node(name).config.key)),
                "period": adapter.quote(named.period) if named.period,
                "features": features,
            }
        ) -%}
    {%- endif -%}
{%- endfor -%}
with
    predictions as (
        {% for source in sources %}
            (
                select
                    {{ sql_text(source.model) }} as model,
                    answers.model_version,
                    answers.{{ source.key }}::text as key,
                    {% if source.period -%} to_char(answers.{{ source.period }}, 'YYYY-MM-DD')
                    {%- else -%} ''
                    {%- endif %} as period,
                    answers.prediction::text as prediction,
                    answers.score::float8 as score,
                    {% if source.features -%} md5(to_jsonb(features)::text)
                    {%- else -%} null
                    {%- endif %} as features_hash
                from {{ source.relation }} as answers
                {% if source.features -%}
                    left join
                        {{ source.features }} as features
                        on features.{{ source.key }} = answers.{{ source.key }}
                {%- endif %}
                where answers.score is not null
                order by md5(answers.{{ source.key }}::text)
                limit {{ var("logged_predictions") }}
            )
            {{ "union all" if not loop.last }}
        {% else %}
            select
                null::text as model,
                null::integer as model_version,
                null::text as key,
                null::text as period,
                null::text as prediction,
                null::float8 as score,
                null::text as features_hash
            where false
        {% endfor %}
    )

select predictions.*, {{ sql_text(run_started_at) }}::timestamptz as predicted_at
from predictions
{% if is_incremental() %}
    left join
        {{ this }} as existing
        on existing.model = predictions.model
        and existing.model_version = predictions.model_version
        and existing.key = predictions.key
        and existing.period = predictions.period
    where existing.key is null
{% endif %}
