{{ config(in_place=true) }}
{# One row per measured model: how many inputs have drifted in the newest period. #}
with
    drift as (select * from {{ ref("rpt_drift") }} where period_age = 1 and not is_score),

    worst as (
        select distinct on (model) model, feature, feature_phrase, psi
        from drift
        order by model, psi desc nulls last, feature
    )

select
    -- ids
    drift.model,

    -- text
    min(drift.model_label) as model_label,
    min(worst.feature) as worst_feature,
    min(worst.feature_phrase) as worst_name,
    case
        when count(*) filter (where drift.verdict = 'retrain') > 0
        then 'act'
        when count(*) filter (where drift.verdict = 'watch') > 0
        then 'watch'
        else 'good'
    end as state,

    -- numbers
    count(*) as features,
    count(*) filter (where drift.verdict <> 'as in training') as drifted,
    count(*) filter (where drift.verdict = 'retrain') as retrain,
    max(drift.rows) as rows,
    max(worst.psi) as worst_psi,

    -- dates
    max(drift.measured_at) as measured_at
from drift
inner join worst on worst.model = drift.model
group by drift.model
