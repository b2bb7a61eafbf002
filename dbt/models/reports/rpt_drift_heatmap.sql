{#
    The drift of a model as a heat map: a row for each input, the largest drift on top, and a column
    for each period. A model that has not been measured has one row that says so.
#}
with
    drift as (
        select *
        from {{ ref("rpt_drift") }}
        where feature_rank <= 12 and period_age <= 12 and verdict <> 'not measured'
    ),

    newest as (
        select model, feature, is_score, psi, verdict = 'ages' as has_aged
        from drift
        where period_age = 1
    ),

    placed as (
        select
            drift.*,
            1 + dense_rank() over (
                partition by drift.model
                order by
                    newest.has_aged,
                    newest.psi desc nulls last,
                    drift.feature_label,
                    drift.feature,
                    drift.is_score
            ) as grid_row,
            2
            + max(drift.period_age) over (partition by drift.model)
            - drift.period_age as grid_column
        from drift
        left join
            newest
            on newest.model = drift.model
            and newest.feature = drift.feature
            and newest.is_score = drift.is_score
    ),

    cells as (
        select
            model,
            feature_label,
            case
                when period_label ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
                then to_char(period_label::date, 'FMDD Mon YY')
                else period_label
            end as period_label,
            coalesce(to_char(psi, 'FM990.00'), 'not known') as value_text,
            -- A large value may be chance, or as usual between periods; the engine's verdict then
            -- reports no change.
            case when state = 'good' and psi >= 0.1 then 'plain' else state end as state,
            null as empty_message,
            grid_row,
            grid_column,
            grid_column = 2 as is_first_period,
            grid_row = 2 as is_first_feature
        from placed
    ),

    unmeasured as (
        select
            model,
            null,
            null,
            null,
            'plain',
            case
                task
                when 'forecast'
                then 'A forecast has series instead of inputs, so no drift is measured.'
                else
                    'Drift has not been measured since this model was trained. The next build measures every model'
                    || ' whose meta names rows to watch; for other models, run select * from ml.watch(…).'
            end,
            2,
            2,
            false,
            false
        from {{ ref("rpt_model_overview") }}
        where model not in (select model from cells)
    )

select *, {{ model_label("model") }} as model_label
from cells
union all
select *, {{ model_label("model") }} as model_label
from unmeasured
