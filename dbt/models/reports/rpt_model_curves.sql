{{ config(materialized="view") }}

with
    -- Each curve of a regression has one scale, from the lowest to the highest of its values.
    curves as (
        select
            curves.*,
            min(least(x, y, lower)) over (partition by model, curve) as lowest,
            max(greatest(x, y, upper)) over (partition by model, curve) as highest,
            max(y) over (partition by model, curve) as highest_y,
            min(series) over (partition by model, curve) as first_series,
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
        when
            curves.curve
            in ('score_overall', 'predicted_actual', 'residual_distribution', 'residual_quantile')
        then 'All cases'
        when curves.curve in ('threshold', 'learning')
        then {{ humanize("curves.series") }}
        else {{ class_label("versions.target", "curves.series") }}
    end as series_label,
    case
        curves.curve
        when 'calibration'
        then
            'predicted '
            || {{ percent("curves.x") }}
            || ', observed '
            || {{ percent("curves.y") }}
            || ' (of '
            || {{ counted("curves.n") }}
            || ')'
    end as value_text,
    {{ short_number("curves.x") }} as x_text,
    case
        curves.curve
        when 'residual_distribution'
        then {{ percent("curves.y", 1) }}
        else {{ short_number("curves.y") }}
    end as y_text,
    -- Every fourth bar is labelled with its lower edge, counted from the bar that holds 0.
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
    -- Superset's charts keep one point per x, so points with the same x are moved by 1e-9 each.
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
    -- With more than two classes there is no positive one: the first class by name is drawn.
    curves.series = coalesce(versions.positive_class, curves.first_series) as is_drawn,
    -- The point that the headline mentions: a fifth of the cases.
    coalesce(
        curves.curve = 'gain'
        and abs(curves.x - 0.2) < 1e-9
        and curves.series = versions.positive_class,
        false
    ) as is_marked
from curves
inner join versions on versions.model = curves.model
where curves.curve <> 'calibration' or curves.n > 0
