{{ config(materialized="view") }}

{#
    The learning curve: the score by the number of training rows. A model whose learning curve was
    not requested has one point, with all its rows.
#}
with
    learning_curves as not materialized(
        select
            model,
            model_label,
            series,
            position,
            x::integer as training_rows,
            y as score,
            lower,
            upper
        from {{ ref("rpt_model_curves") }}
        where curve = 'learning'
    ),

    -- Both series are compared at the same numbers of rows; beyond the last trial there is only
    -- one.
    compared as (
        select learning_curves.*
        from learning_curves
        inner join
            (
                select model, max(training_rows) as training_rows
                from learning_curves
                where series = 'validation'
                group by model
            ) as trials
            on trials.model = learning_curves.model
            and learning_curves.training_rows <= trials.training_rows
    ),

    overview as not materialized(select * from {{ ref("rpt_model_overview") }}),

    without_curve as (
        select
            candidates.model,
            candidates.model_label,
            'validation' as series,
            1 as position,
            overview.rows_train as training_rows,
            candidates.score,
            candidates.lower,
            candidates.upper
        from {{ ref("rpt_candidates") }} as candidates
        inner join overview on overview.model = candidates.model
        where candidates.chosen and candidates.model not in (select model from learning_curves)
    ),

    points as (
        select *
        from compared
        union all
        select *
        from without_curve
    )

select
    -- ids
    points.model,
    points.series,
    points.position,

    -- text
    points.model_label,
    case
        points.series when 'training' then 'Training rows' else 'Held-out rows'
    end as series_label,
    overview.metric_label,

    -- numbers
    points.training_rows,
    points.score,
    points.lower,
    points.upper
from points
inner join overview on overview.model = points.model
