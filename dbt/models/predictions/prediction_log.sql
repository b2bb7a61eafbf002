{#
    Predictions as they were made: rows are only added, so a later build changes none of them. One row
    for each model version, case and period, as it was predicted first. The meta of a pred_* node says
    which column is the period, and which model holds the features:

        config: {meta: {prediction: {key: customer_key, period: as_of, features: feat_customer__current}}}

    The segment is named as in ml.metrics. Its column is the first one of options.segments of the model
    that the features have as a text or as true and false.
#}
{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        full_refresh=false,
        on_schema_change="append_new_columns",
    )
}}

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
    {%- set options = model_node(name).config.get("options") if execute else {} -%}
    {%- set classes = [] -%}
    {%- for column in (adapter.get_columns_in_relation(features) if features else []) -%}
        {%- do classes.append(column.name) if column.is_string() or column.dtype == "boolean" -%}
    {%- endfor -%}
    {%- if "prediction" in columns and "score" in columns -%}
        {%- do sources.append(
            {
                "model": registry_name(name),
                "relation": relation,
                "key": adapter.quote(named.get("key", model_node(name).config.key)),
                "period": adapter.quote(named.period) if named.period,
                "features": features,
                "segment": options.segments | select("in", classes) | first if options is mapping,
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
                    {%- endif %} as features_hash,
                    {% if source.segment -%}
                        {{ sql_text(source.segment ~ " = ") }}
                        || coalesce(features.{{ adapter.quote(source.segment) }}::text, '(missing)')
                    {%- else -%} null
                    {%- endif %} as segment
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
                null::text as features_hash,
                null::text as segment
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
