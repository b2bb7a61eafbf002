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
    {{ humanize("curves.model") }} as model_label,
    {{ humanize("curves.series") }} as series_label,
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
    curves.y,
    curves.lower,
    curves.upper,
    curves.n,

    -- booleans
    coalesce(curves.series = versions.positive_class, false) as is_positive
from curves
inner join versions on versions.model = curves.model
where curves.curve <> 'calibration' or curves.n > 0
