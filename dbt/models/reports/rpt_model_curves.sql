with
    -- Numbers of a regression are drawn on one scale a curve, from the lowest to the highest of
    -- all.
    curves as (
        select
            curves.*,
            min(least(x, y, lower)) over (partition by model, curve) as lowest,
            max(greatest(x, y, upper)) over (partition by model, curve) as highest,
            max(y) over (partition by model, curve) as highest_y,
            max(position) filter (where x <= 0) over (partition by model, curve) as position_of_zero
        from {{ of_champions("curves") }} as curves
    ),

    versions as (select * from {{ of_champions("model_versions") }} as versions)

select
    -- ids
    curves.model,
    curves.curve,
    curves.series,
    curves.position,

    -- text
    {{ model_label("curves.model") }} as model_label,
    case
        when curves.series = 'all'
        then 'All cases'
        when curves.curve in ('threshold', 'learning')
        then {{ humanize("curves.series") }}
        else {{ class_label("versions.target", "curves.series") }}
    end as series_label,
    case
        curves.curve
        when 'calibration'
        then
            'said '
            || {{ percent("curves.x") }}
            || ', was '
            || {{ percent("curves.y") }}
            || ' (of '
            || {{ counted("curves.n") }}
            || ')'
    end as shown,
    {{ short_number("curves.x") }} as shown_x,
    case
        curves.curve
        when 'residual_distribution'
        then {{ percent("curves.y", 1) }}
        else {{ short_number("curves.y") }}
    end as shown_y,
    -- Every fourth bar says where it begins, counted from the one that holds 0.
    case
        when
            curves.curve <> 'residual_distribution'
            or (curves.position - coalesce(curves.position_of_zero, 1)) % 4 <> 0
        then ''
        when curves.position = curves.position_of_zero
        then '0'
        else {{ short_number("curves.x") }}
    end as tick,

    -- numbers
    curves.x,
    -- Charts keep one point per x. A hair's breadth per point keeps those above one another apart.
    curves.x * (1 - 1e-6) + curves.position * 1e-9 as x_drawn,
    curves.y,
    curves.lower,
    curves.upper,
    curves.n,
    {{ track_position("curves.x", "curves.lowest", "curves.highest") }} as x_pct,
    case
        curves.curve
        when 'residual_distribution'
        then {{ track_position("curves.y", "0", "curves.highest_y") }}
        else {{ track_position("curves.y", "curves.lowest", "curves.highest") }}
    end as y_pct,
    {{ track_position("curves.lower", "curves.lowest", "curves.highest") }} as lower_pct,
    {{ track_position("curves.upper", "curves.lowest", "curves.highest") }} as upper_pct,

    -- booleans
    coalesce(curves.series = versions.positive_class, false) as is_positive,
    -- With more than two classes none is looked for: the curves of the first by name are drawn.
    curves.series = coalesce(
        versions.positive_class, min(curves.series) over (partition by curves.model, curves.curve)
    ) as is_drawn,
    -- The point the sentences speak of: a fifth of the cases.
    coalesce(
        curves.curve = 'gain'
        and abs(curves.x - 0.2) < 1e-9
        and curves.series = versions.positive_class,
        false
    ) as is_marked
from curves
inner join versions on versions.model = curves.model
where curves.curve <> 'calibration' or curves.n > 0
