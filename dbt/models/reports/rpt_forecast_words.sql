{# What comes in the next weeks, and whether the forecast or the simple rule is to be believed. #}
with
    to_come as (
        select
            series,
            count(*) as days,
            min(day) as first_day,
            max(day) as last_day,
            sum(forecast) as forecast,
            sum(naive) as naive,
            max(model_version) as model_version
        from {{ ref("pred_revenue") }}
        where is_future
        group by series
    ),

    errors as (select * from {{ ref("rpt_forecast_errors") }} where part = 'all'),

    year_before as (
        select to_come.series, sum(history.revenue) as revenue
        from to_come
        inner join
            {{ ref("feat_revenue__history") }} as history
            on history.series = to_come.series
            and history.day between to_come.first_day - 364 and to_come.last_day - 364
        where history.valid_to = 'infinity'
        group by to_come.series
    )

select
    -- ids
    to_come.series,

    -- text
    case
        when errors.error <= errors.simple_error
        then 'The next ' || to_come.days || ' days are expected to bring '
        else
            'The simple rule is better here. It expects the next '
            || to_come.days
            || ' days to bring '
    end as lead,
    {{
        counted(
            "round(case when errors.error <= errors.simple_error then to_come.forecast else to_come.naive end)"
        )
    }}
    || ' €' as number,
    coalesce(
        ', '
        || {{ percent("abs(to_come.forecast / nullif(year_before.revenue, 0) - 1)") }}
        || case when to_come.forecast >= year_before.revenue then ' more' else ' less' end
        || ' than the same days a year before.',
        '.'
    ) as rest,
    'On the last '
    || to_come.days
    || ' days, forecast as if they were still to come, the forecast was off by '
    || errors.shown
    || ', the simple rule (the same weekday of the last weeks) by '
    || errors.shown_simple
    || '. '
    || errors.shown_inside
    || ' of the days lay inside the band, which is made for 80'
    || U&'\202F'
    || '%.' as subline,
    errors.verdict,
    errors.state,
    to_char(to_come.first_day, 'FMDD FMMonth YYYY')
    || ' to '
    || to_char(to_come.last_day, 'FMDD FMMonth YYYY') as period,

    -- numbers
    to_come.forecast,
    to_come.naive as simple_rule,
    year_before.revenue as revenue_year_before,
    errors.error,
    errors.simple_error,
    to_come.model_version
from to_come
inner join errors on errors.series = to_come.series
left join year_before on year_before.series = to_come.series
