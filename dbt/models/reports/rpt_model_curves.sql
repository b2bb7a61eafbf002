with
    curves as (select * from {{ of_champions("curves") }} as curves),

    versions as (select * from {{ of_champions("model_versions") }} as versions)

select
    -- ids
    curves.model,
    curves.curve,
    curves.series,
    curves.position,

    -- text
    {{ model_label("curves.model") }} as model_label,
    {{ class_label("versions.target", "curves.series") }} as series_label,
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

    -- numbers
    curves.x,
    -- Charts keep one point per x. A hair's breadth per point keeps those above one another apart.
    curves.x * (1 - 1e-6) + curves.position * 1e-9 as x_drawn,
    curves.y,
    curves.lower,
    curves.upper,
    curves.n,

    -- booleans
    coalesce(curves.series = versions.positive_class, false) as is_positive
from curves
inner join versions on versions.model = curves.model
where curves.curve <> 'calibration' or curves.n > 0
