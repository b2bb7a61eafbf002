{#
    The metrics of the logged predictions of each version, by period: the columns of ml.performance,
    model, model_version and a hash of the rows. The variable outcomes names the models with the truth.
    Predictions of the champion are also measured by segment, in the twelve largest ones.

    Only periods whose rows have changed are measured again.
#}
{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["model", "model_version", "period"],
        post_hook="delete from {{ this }} where (model, model_version, period) not in (select model, model_version, period from {{ ref('prediction_log') }})",
    )
}}

{%- do function("performance") -%}
{%- set outcomes -%}
    {%- for name, relation in var("outcomes").items() %}
        select {{ sql_text(registry_name(name)) }} as model, key, period, truth::text as truth
        from {{ ref(relation) }}
        {{ "union all" if not loop.last }}
    {%- else %}
        select null::text as model, null::text as key, null::text as period, null::text as truth
        where false
    {%- endfor %}
{%- endset -%}
{%- set rows -%}
    select
        log.score,
        log.period,
        outcomes.truth,
        case when log.segment = any (%4$L::text[]) then log.segment end as segment
    from {{ ref("prediction_log") }} as log
    left join ({{ outcomes }}) as outcomes
        on outcomes.model = log.model and outcomes.key = log.key and outcomes.period = log.period
    where log.model = %1$L and log.model_version = %2$s and log.period = any (%3$L::text[])
{%- endset -%}
with
    outcomes as ({{ outcomes }}),

    sizes as (
        select model, model_version, segment, count(*) as cases
        from {{ ref("prediction_log") }}
        where segment is not null
        group by model, model_version, segment
    ),

    -- One segment alone is the same as all cases.
    versions as (
        select
            model,
            version,
            (
                select array_agg(largest.segment)
                from
                    (
                        select sizes.segment
                        from sizes
                        where
                            status = 'champion'
                            and sizes.model = versions.model
                            and sizes.model_version = versions.version
                        order by sizes.cases desc, sizes.segment
                        limit 12
                    ) as largest
                having count(*) > 1
            ) as segments
        from {{ source("ml", "model_versions") }} as versions
        where
            (task = 'regression' or (task = 'classification' and positive_class is not null))
            and (model, version)
            not in (select model, version from {{ source("ml", "malformed_versions") }})
    ),

    periods as (
        select
            log.model,
            log.model_version,
            log.period,
            versions.segments,
            count(*)
            || ' '
            || sum(
                hashtextextended(
                    (log.key, log.score, log.segment, outcomes.truth, versions.segments)::text, 0
                )
            ) as rows_hash
        from {{ ref("prediction_log") }} as log
        inner join versions on versions.model = log.model and versions.version = log.model_version
        left join
            outcomes
            on outcomes.model = log.model
            and outcomes.key = log.key
            and outcomes.period = log.period
        group by log.model, log.model_version, log.period, versions.segments
    ),

    -- Materialized: once, before the calls.
    changed as materialized(
        select model, model_version, segments, array_agg(period) as names
        from periods
        {% if is_incremental() %}
            where
                (model, model_version, period, rows_hash)
                not in (select model, model_version, period, rows_hash from {{ this }})
        {% endif %}
        group by model, model_version, segments
    ),

    measured as (
        select changed.model, changed.model_version, answers.*
        from changed
        cross join
            lateral ml.performance(
                changed.model,
                format(
                    {{ sql_text(rows) }},
                    changed.model,
                    changed.model_version,
                    changed.names,
                    changed.segments
                ),
                changed.model_version
            ) as answers
    )

select
    measured.model,
    measured.model_version,
    periods.period,
    periods.rows_hash,
    measured.segment,
    measured.metric,
    measured.rows,
    measured.labelled,
    measured.value,
    measured.lower,
    measured.upper,
    measured.baseline,
    measured.estimate,
    measured.estimate_lower,
    measured.estimate_upper
from measured
inner join
    periods
    on periods.model = measured.model
    and periods.model_version = measured.model_version
    and periods.period = measured.period
