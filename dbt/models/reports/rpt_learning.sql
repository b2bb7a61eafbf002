{#
    The score by how many rows were learned from: does it still pay to collect more? A model whose
    learning curve was not asked for stands as one point, with all its rows.
#}
with
    drawn as (
        select
            model,
            model_label,
            series,
            position,
            x::integer as rows_learned,
            y as score,
            lower,
            upper
        from {{ ref("rpt_model_curves") }}
        where curve = 'learning'
    ),

    -- The two lines are compared at the same number of rows; beyond the last trial there is one
    -- only.
    compared as (
        select drawn.*
        from drawn
        inner join
            (
                select model, max(rows_learned) as rows_learned
                from drawn
                where series = 'validation'
                group by model
            ) as trials
            on trials.model = drawn.model
            and drawn.rows_learned <= trials.rows_learned
    ),

    overview as (select * from {{ ref("rpt_model_overview") }}),

    not_drawn as (
        select
            candidates.model,
            candidates.model_label,
            'validation' as series,
            1 as position,
            overview.rows_train as rows_learned,
            candidates.score,
            candidates.lower,
            candidates.upper
        from {{ ref("rpt_candidates") }} as candidates
        inner join overview on overview.model = candidates.model
        where candidates.chosen and candidates.model not in (select model from drawn)
    ),

    points as (
        select *
        from compared
        union all
        select *
        from not_drawn
    )

select
    -- ids
    points.model,
    points.series,
    points.position,

    -- text
    points.model_label,
    case
        points.series when 'training' then 'On rows it learned from' else 'On rows it did not see'
    end as series_label,
    overview.metric_label,

    -- numbers
    points.rows_learned,
    points.score,
    points.lower,
    points.upper
from points
inner join overview on overview.model = points.model
