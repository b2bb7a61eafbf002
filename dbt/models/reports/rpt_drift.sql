{#
    The latest look at each model in use: how far each input is from the training, by period. Models
    that say in their meta which rows to watch are looked at first, with every build:

        config: {meta: {drift: {rows: [feat_customer__training], period: as_of}}}
#}
{{ config(pre_hook="{{ record_drift() }}") }}
{%- do ref("rpt_predictions") -%}
{%- do function("watch") -%}

with
    drift as (select * from {{ of_champions("drifts") }} as drift),

    looks as (select model, max(measured_at) as measured_at from drift group by model),

    latest as (
        select drift.*
        from drift
        inner join looks on looks.model = drift.model and looks.measured_at = drift.measured_at
    ),

    importances as (select model, feature, rank from {{ ref("rpt_feature_importances") }})

select
    -- ids
    latest.model,
    latest.feature,
    coalesce(latest.period, 'all') as period,

    -- text
    {{ model_label("latest.model") }} as model_label,
    case
        latest.feature
        when '(score)'
        then 'What the model says'
        else {{ feature_label("latest.model", "latest.feature") }}
    end as feature_label,
    {{ feature_words("latest.model", "latest.feature") }} as feature_words,
    coalesce(latest.period, 'All rows') as period_label,
    latest.verdict,
    case
        latest.verdict when 'retrain' then 'act' when 'watch' then 'watch' else 'good'
    end as state,

    -- numbers
    round(latest.psi::numeric, 2) as psi,
    latest.js,
    latest.ks,
    latest.missing,
    latest.missing_change,
    latest.new_share,
    latest.rows,
    importances.rank as importance_rank,
    dense_rank() over (
        partition by latest.model
        order by latest.feature = '(score)' desc, importances.rank nulls last, latest.feature
    ) as feature_rank,
    dense_rank() over (
        partition by latest.model order by latest.period desc nulls last
    ) as period_age,

    -- booleans
    latest.feature = '(score)' as is_score,

    -- dates
    latest.measured_at
from latest
left join importances on importances.model = latest.model and importances.feature = latest.feature
