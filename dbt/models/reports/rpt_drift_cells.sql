{#
    The drift of a model as a drawing: a line for each input, furthest from the training on top, a
    column for each period. A model nobody has looked at yet has one row that says so.
#}
with
    drift as (select * from {{ ref("rpt_drift") }} where feature_rank <= 12 and period_age <= 12),

    newest as (select model, feature, psi from drift where period_age = 1),

    placed as (
        select
            drift.*,
            1 + dense_rank() over (
                partition by drift.model order by newest.psi desc nulls last, drift.feature_label
            ) as grid_row,
            2
            + max(drift.period_age) over (partition by drift.model)
            - drift.period_age as grid_column
        from drift
        left join newest on newest.model = drift.model and newest.feature = drift.feature
    ),

    cells as (
        select
            model,
            feature_label,
            case
                when period_label ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
                then to_char(period_label::date, 'FMDD Mon YY')
                else period_label
            end as period_words,
            coalesce(to_char(psi, 'FM990.00'), 'not known') as shown,
            -- A large number of few cases may be chance, and is called no change then.
            case when state = 'good' and psi >= 0.1 then 'plain' else state end as state,
            null as nothing_yet,
            grid_row,
            grid_column,
            grid_column = 2 as is_first_period,
            grid_row = 2 as is_first_feature
        from placed
    ),

    not_looked_at as (
        select
            model,
            null,
            null,
            null,
            'plain',
            'Nothing has been measured since this model was trained. The next build measures every model'
            || ' that says which rows to watch; for any other: select * from ml.watch(…).',
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
from not_looked_at
