{# Errors of the forecast and the simple rule on the last 56 days, by series and by week ahead. #}
with
    tested as (
        select *, ceil(horizon / 7.0)::integer as week
        from {{ ref("pred_revenue") }}
        where not is_future and actual is not null
    ),

    parts as (
        select 'week' as part, week as place, 'week ' || week as part_label, tested.*
        from tested
        union all
        select 'all', 0, 'all days', tested.*
        from tested
    ),

    sums as (
        select
            series,
            part,
            place,
            part_label,
            sum(abs(actual - forecast))::float8 as euros,
            sum(abs(actual - naive))::float8 as simple_euros,
            nullif(sum(abs(actual)), 0)::float8 as revenue,
            avg((actual between lower and upper)::integer)::float8 as inside
        from parts
        group by series, part, place, part_label
    ),

    -- Days without revenue have no relative error. Their weeks are left out; their line is not.
    errors as (
        select
            *,
            euros / revenue as error,
            simple_euros / revenue as simple_error,
            case part when 'week' then series end as scale
        from sums
        where part = 'all' or revenue is not null
    ),

    scaled as (
        select
            *,
            1.05 * max(greatest(error, simple_error)) over (partition by part, scale) as scale_end
        from errors
    )

select
    -- ids
    series,
    part,
    place,

    -- text
    part_label,
    coalesce({{ percent("error") }}, {{ counted("euros") }} || ' €') as value_text,
    coalesce({{ percent("simple_error") }}, {{ counted("simple_euros") }} || ' €') as simple_text,
    {{ percent("inside") }} as inside_text,
    case
        when euros < simple_euros
        then 'forecast better'
        when euros > simple_euros
        then 'simple rule better'
        else 'equal'
    end as verdict,
    case
        when euros < simple_euros then 'good' when euros > simple_euros then 'watch' else 'none'
    end as state,

    -- numbers
    error,
    simple_error,
    inside,
    case
        when error is null and euros > 0
        then 100
        else {{ track_position("error", "0", "scale_end") }}
    end as v_pct,
    case
        when error is null and simple_euros > 0
        then 100
        else {{ track_position("simple_error", "0", "scale_end") }}
    end as base_pct,
    row_number() over (order by part, series <> 'Total', series, place) as sort_order
from scaled
