{# Errors of the forecast and the simple rule on the last 56 days, by series and by week ahead. #}
with
    tested as (
        select *, ceil(horizon / 7.0)::integer as week
        from {{ ref("pred_revenue") }}
        where not is_future and actual is not null
    ),

    -- A week without revenue has no relative error.
    errors as (
        select
            series,
            'week' as part,
            week as place,
            'week ' || week as part_label,
            sum(abs(actual - forecast)) / nullif(sum(abs(actual)), 0)::float8 as error,
            sum(abs(actual - naive)) / nullif(sum(abs(actual)), 0)::float8 as simple_error,
            avg((actual between lower and upper)::integer)::float8 as inside
        from tested
        group by series, week
        having sum(abs(actual)) > 0
        union all
        select
            series,
            'all',
            0,
            'all days',
            sum(abs(actual - forecast)) / nullif(sum(abs(actual)), 0)::float8,
            sum(abs(actual - naive)) / nullif(sum(abs(actual)), 0)::float8,
            avg((actual between lower and upper)::integer)::float8
        from tested
        group by series
        having sum(abs(actual)) > 0
    ),

    scaled as (
        select
            *,
            1.05
            * max(greatest(error, simple_error)) over (partition by part, series) as end_of_week,
            1.05 * max(greatest(error, simple_error)) over (partition by part) as end_of_all
        from errors
    )

select
    -- ids
    series,
    part,
    place,

    -- text
    part_label,
    {{ percent("error") }} as value_text,
    {{ percent("simple_error") }} as simple_text,
    {{ percent("inside") }} as inside_text,
    case
        when error < simple_error
        then 'forecast better'
        when error > simple_error
        then 'simple rule better'
        else 'equal'
    end as verdict,
    case when error < simple_error then 'good' else 'watch' end as state,

    -- numbers
    error,
    simple_error,
    inside,
    {{ track_position("error", "0", "case part when 'week' then end_of_week else end_of_all end") }}
    as v_pct,
    {{
        track_position(
            "simple_error", "0", "case part when 'week' then end_of_week else end_of_all end"
        )
    }} as base_pct,
    row_number() over (order by part, series <> 'Total', series, place) as sort_order
from scaled
