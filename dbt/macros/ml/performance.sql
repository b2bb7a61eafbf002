{#
    The metrics of the logged predictions of each model, as a sub-select: the columns of ml.performance,
    model and model_version. The variable outcomes names the model with the truth, if there is one.
#}
{% macro performance_of_predictions() -%}
    {%- do ref("prediction_log") -%}
    {%- do function("performance") -%}
    {%- set outcomes = {} -%}
    {%- for name, relation in var("outcomes").items() -%}
        {%- do outcomes.update({name: ref(relation)}) -%}
    {%- endfor -%}
    {%- set parts = [] -%}
    {%- for name in predicted_models() -%}
        {%- set rows -%}
            select
                log.score,
                nullif(log.period, '') as period,
                {% if name in outcomes -%} outcomes.truth::text as truth
                {%- else -%} null::text as truth
                {%- endif %}
            from {{ ref("prediction_log") }} as log
            {% if name in outcomes -%}
                left join {{ outcomes[name] }} as outcomes
                on outcomes.key = log.key and outcomes.period = log.period
            {%- endif %}
            where log.model = {{ sql_text(registry_name(name)) }} and log.model_version =
        {%- endset -%}
        {%- do parts.append({"model": registry_name(name), "rows": rows}) -%}
    {%- endfor -%}
    (
        {% for part in parts %}
            select versions.model, versions.version as model_version, measured.*
            from {{ source("ml", "model_versions") }} as versions
            cross join
                lateral ml.performance(
                    versions.model,
                    {{ sql_text(part.rows ~ " ") }} || versions.version,
                    versions.version
                ) as measured
            where
                versions.model = {{ sql_text(part.model) }}
                and (versions.model, versions.version)
                not in (select model, version from {{ source("ml", "malformed_versions") }})
                and (
                    versions.task = 'regression'
                    or (versions.task = 'classification' and versions.positive_class is not null)
                )
                and versions.version in (
                    select model_version
                    from {{ ref("prediction_log") }}
                    where model = versions.model
                )
                {{ "union all" if not loop.last }}
        {% else %}
            select null::text as model, null::integer as model_version, measured.*
            from ml.performance(null, null, null) as measured
            where false
        {% endfor %}
    )
{%- endmacro %}
