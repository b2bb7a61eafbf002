{# The score by how many rows were learned from: does it still pay to collect more? #}
with
    points as (select * from {{ ref("rpt_model_curves") }} where curve = 'learning'),

    overview as (select * from {{ ref("rpt_model_overview") }})

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
    points.x::integer as rows_learned,
    points.y as score,
    points.lower,
    points.upper
from points
inner join overview on overview.model = points.model
