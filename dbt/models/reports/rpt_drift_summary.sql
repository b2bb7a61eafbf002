{{ config(in_place=true) }}
{# One row per measured model: how many inputs have drifted in the newest period. #}
{%- set small_psi = 0.1 %}
with
    drift as (
        select *, verdict in ('watch', 'retrain') as has_drifted
        from {{ ref("rpt_drift") }}
        where period_age = 1 and not is_score and verdict <> 'not measured'
    ),

    -- the largest drift; where there is none, the largest difference of a column that does not age
    worst as (
        select distinct on (model) model, feature, feature_phrase, verdict, psi
        from drift
        order by model, has_drifted desc, verdict = 'ages', psi desc nulls last, feature
    ),

    named as (
        select
            model,
            string_agg(feature_phrase, ', ' order by position) filter (where position <= 3) as names
        from
            (
                select
                    model,
                    feature_phrase,
                    row_number() over (
                        partition by model
                        order by state = 'act' desc, impact desc nulls last, psi desc, feature
                    ) as position
                from drift
                where has_drifted
            ) as ranked
        group by model
    )

select
    -- ids
    drift.model,

    -- text
    min(drift.model_label) as model_label,
    min(worst.feature) as worst_feature,
    min(worst.feature_phrase) as worst_name,
    case
        when count(*) filter (where drift.has_drifted) > 0
        then 'The largest drift is in '
        when min(worst.verdict) = 'ages' or max(worst.psi) >= {{ small_psi }}
        then 'The largest difference is in '
        else 'Even the largest difference is small: it is in '
    end
    || min(worst.feature_phrase)
    || coalesce(' (PSI ' || to_char(max(worst.psi), 'FM990.00') || ')', '')
    || case
        when count(*) filter (where drift.has_drifted) > 0
        then '.'
        when min(worst.verdict) = 'ages'
        then '. That is no drift: the values only grow with time.'
        when max(worst.psi) >= {{ small_psi }}
        then ', within the usual variation.'
        else '.'
    end as worst_text,
    min(named.names) as drifted_names,
    case
        when count(*) filter (where drift.state = 'act') > 0
        then 'act'
        when count(*) filter (where drift.state = 'watch') > 0
        then 'watch'
        else 'good'
    end as state,

    -- numbers
    count(*) as features,
    count(*) filter (where drift.has_drifted) as drifted,
    count(*) filter (where drift.state = 'act') as retrain,
    count(*) filter (where drift.verdict = 'ages') as ageing,
    max(drift.rows) as rows,
    max(worst.psi) as worst_psi,

    -- dates
    max(drift.measured_at) as measured_at
from drift
inner join worst on worst.model = drift.model
left join named on named.model = drift.model
group by drift.model
