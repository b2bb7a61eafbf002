{#
    The metrics of the logged predictions of each version, by period: the columns of ml.performance,
    model and model_version. The variable outcomes names the models with the truth. Predictions of the
    champion are also measured by segment, in the twelve largest ones.
#}
{%- do function("performance") -%}
{%- set outcomes = {} -%}
{%- for name, relation in var("outcomes").items() -%}
    {%- do outcomes.update({registry_name(name): ref(relation) | string}) -%}
{%- endfor -%}
{%- set without_outcomes = "(select null::text as key, null::text as period, null as truth)" -%}
{%- set rows -%}
    select
        log.score,
        nullif(log.period, '') as period,
        outcomes.truth::text as truth,
        case when log.segment = any (%4$L::text[]) then log.segment end as segment
    from {{ ref("prediction_log") }} as log
    left join %1$s as outcomes on outcomes.key = log.key and outcomes.period = log.period
    where log.model = %2$L and log.model_version = %3$s
{%- endset -%}
with
    -- Only versions with predictions are measured. Materialized: once, before the calls.
    versions as materialized(
        select
            model,
            version,
            coalesce(
                {{ sql_json(outcomes) }} ->> model, {{ sql_text(without_outcomes) }}
            ) as outcomes,
            case
                when status = 'champion'
                then
                    array(
                        select log.segment
                        from {{ ref("prediction_log") }} as log
                        where
                            log.model = versions.model
                            and log.model_version = versions.version
                            and log.segment is not null
                        group by log.segment
                        order by count(*) desc, log.segment
                        limit 12
                    )
            end as segments
        from {{ source("ml", "model_versions") }} as versions
        where
            (task = 'regression' or (task = 'classification' and positive_class is not null))
            and (model, version) in (select model, model_version from {{ ref("prediction_log") }})
            and (model, version)
            not in (select model, version from {{ source("ml", "malformed_versions") }})
    )

select versions.model, versions.version as model_version, measured.*
from versions
cross join
    lateral ml.performance(
        versions.model,
        format(
            {{ sql_text(rows) }},
            versions.outcomes,
            versions.model,
            versions.version,
            versions.segments
        ),
        versions.version
    ) as measured
