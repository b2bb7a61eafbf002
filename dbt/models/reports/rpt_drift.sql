{#
    The latest drift measurement of each model in use, by input and period. With every build, models
    whose meta names the rows to watch are measured first:

        config: {meta: {drift: {rows: [feat_customer__training], period: as_of}}}
#}
{{ config(pre_hook="{{ record_drift() }}") }}
{%- do ref("rpt_predictions") -%}
{%- do function("watch") -%}

with
    drift as (select * from {{ of_champions("drifts") }} as drift),

    latest_runs as (select model, max(measured_at) as measured_at from drift group by model),

    latest as (
        select drift.*
        from drift
        inner join
            latest_runs
            on latest_runs.model = drift.model
            and latest_runs.measured_at = drift.measured_at
    ),

    importances as (
        select
            *,
            importance > 0 and coalesce(lower, 1) > 0 as is_used,
            greatest(importance, 0)
            / nullif(sum(greatest(importance, 0)) over (partition by model), 0) as share
        from {{ ref("rpt_feature_importances") }}
    ),

    measured as (
        select
            -- ids
            latest.model,
            latest.feature,
            latest.period,

            -- text
            {{ model_label("latest.model") }} as model_label,
            case
                latest.kind
                when 'score'
                then 'Model output'
                else {{ feature_label("latest.model", "latest.feature") }}
            end as feature_label,
            {{ feature_phrase("latest.model", "latest.feature") }} as feature_phrase,
            coalesce(latest.period, 'All rows') as period_label,
            latest.verdict,
            case
                when latest.verdict = 'ages'
                then 'plain'
                when latest.verdict = 'as in training'
                then 'good'
                when latest.verdict = 'retrain' and coalesce(importances.is_used, true)
                then 'act'
                else 'watch'
            end as state,

            -- numbers
            round(latest.psi::numeric, 2) as psi,
            latest.js,
            latest.ks,
            latest.missing,
            latest.missing_change,
            latest.new_share,
            latest.outside_range,
            round(latest.psi_previous::numeric, 2) as psi_previous,
            latest.p_value,
            latest.rows,
            importances.importance,
            importances.share as importance_share,
            round((latest.psi * importances.share)::numeric, 3) as impact,
            importances.rank as importance_rank,
            dense_rank() over (
                partition by latest.model
                order by latest.kind = 'score' desc, importances.rank nulls last, latest.feature
            ) as feature_rank,
            dense_rank() over (
                partition by latest.model order by latest.period desc nulls last
            ) as period_age,

            -- booleans
            latest.kind = 'score' as is_score,
            coalesce(importances.is_used, true) as is_used,

            -- dates
            latest.measured_at
        from latest
        left join
            importances
            on importances.model = latest.model
            and importances.feature = latest.feature
            and latest.kind <> 'score'
    ),

    -- A model whose drift is not measured, such as a forecast, has one row that says so.
    unmeasured as (
        select model, {{ model_label("model") }} as model_label, trained_at
        from {{ of_champions("model_versions") }} as versions
        where model not in (select model from latest)
    )

select *
from measured
union all
select
    model,
    '(none)',
    null,
    model_label,
    'No input is measured',
    'no input',
    'All rows',
    'not measured',
    'plain',
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    0,
    null,
    null,
    null,
    null,
    1,
    1,
    false,
    false,
    trained_at
from unmeasured
