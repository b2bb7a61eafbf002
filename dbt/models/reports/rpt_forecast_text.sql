{# The expected revenue of the next weeks in sentences, and whether the forecast or the simple rule is better. #}
with
    future as (
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

    year_earlier as (
        select future.series, sum(history.revenue) as revenue
        from future
        inner join
            {{ ref("feat_revenue__history") }} as history
            on history.series = future.series
            and history.day between future.first_day - 364 and future.last_day - 364
        where history.valid_to = 'infinity'
        group by future.series
    )

select
    -- ids
    future.series,

    -- text
    case
        when errors.error <= errors.simple_error
        then 'The next ' || future.days || ' days are expected to bring '
        else
            'The simple rule is better here. It expects the next '
            || future.days
            || ' days to bring '
    end as lead,
    {{
        counted(
            "round(case when errors.error <= errors.simple_error then future.forecast else future.naive end)"
        )
    }}
    || ' €' as number,
    coalesce(
        ', '
        || {{ percent("abs(future.forecast / nullif(year_earlier.revenue, 0) - 1)") }}
        || case when future.forecast >= year_earlier.revenue then ' more' else ' less' end
        || ' than the same days a year earlier.',
        '.'
    ) as rest,
    'Tested on the last '
    || future.days
    || ' days: the forecast was off by '
    || errors.value_text
    || ', the simple rule (same weekday of recent weeks) by '
    || errors.simple_text
    || '. '
    || errors.inside_text
    || ' of the days were inside the band, which is meant to hold 80'
    || U&'\202F'
    || '%.' as subline,
    errors.verdict,
    errors.state,
    to_char(future.first_day, 'FMDD FMMonth YYYY')
    || ' to '
    || to_char(future.last_day, 'FMDD FMMonth YYYY') as period,

    -- numbers
    future.forecast,
    future.naive as simple_rule,
    year_earlier.revenue as revenue_year_before,
    errors.error,
    errors.simple_error,
    future.model_version
from future
inner join errors on errors.series = future.series
left join year_earlier on year_earlier.series = future.series
