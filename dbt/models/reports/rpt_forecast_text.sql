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
            max(usual_day) as usual_day,
            max(model_version) as model_version
        from {{ ref("pred_revenue") }}
        where is_future
        group by series
    ),

    tested as (
        select series, max(usual_day) as usual_day
        from {{ ref("pred_revenue") }}
        where not is_future
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
    ),

    expected as (
        select
            future.*,
            tested.usual_day as usual_day_tested,
            year_earlier.revenue as revenue_year_before,
            errors.error,
            errors.simple_error,
            errors.value_text,
            errors.simple_text,
            errors.inside_text,
            errors.verdict,
            errors.state,
            round(
                case
                    when errors.verdict = 'simple rule better'
                    then future.naive
                    else future.forecast
                end
            ) as amount
        from future
        inner join tested on tested.series = future.series
        inner join errors on errors.series = future.series
        left join year_earlier on year_earlier.series = future.series
    ),

    days_so_far as (
        select coalesce(max(day) - min(day), 0) as days
        from {{ ref("feat_revenue__history") }}
        where valid_to = 'infinity'
    )

select
    -- ids
    series,

    -- text
    case
        when verdict = 'simple rule better'
        then 'The simple rule is better here. It expects the next ' || days || ' days to bring '
        else 'The next ' || days || ' days are expected to bring '
    end as lead,
    {{ counted("amount") }} || ' €' as number,
    case
        when amount < 0
        then ', because more is returned than sold.'
        when usual_day = 0
        then '. Nothing was sold in the 14 months before.'
        when forecast >= 0 and revenue_year_before > 0
        then
            ', '
            || {{ percent("abs(amount / revenue_year_before - 1)") }}
            || case when amount >= revenue_year_before then ' more' else ' less' end
            || ' than the same days a year earlier.'
        else '.'
    end as rest,
    'Tested on the last '
    || days
    || ' days: the forecast was off by '
    || value_text
    || ', the simple rule (same weekday of recent weeks) by '
    || simple_text
    || '. '
    || case
        when error is null
        then 'Nothing was sold in these days, so the errors are in euros. '
        when usual_day_tested = 0
        then 'Nothing was sold before these days, so there was nothing to forecast from. '
        else ''
    end
    || inside_text
    || ' of the days were inside the band, which is meant to hold 80'
    || U&'\202F'
    || '%.' as subline,
    verdict,
    state,
    to_char(first_day, 'FMDD FMMonth YYYY')
    || ' to '
    || to_char(last_day, 'FMDD FMMonth YYYY') as period,

    -- numbers
    forecast,
    naive as simple_rule,
    revenue_year_before,
    error,
    simple_error,
    model_version
from expected

union all

select
    'Total',
    'There is no forecast yet',
    '',
    '.',
    case
        when days < {{ 3 * var("horizon") + 56 }}
        then
            'A forecast needs orders from at least {{ 3 * var("horizon") + 56 }} days; the shop has '
            || days
            || ' days.'
        else
            'The model was not trained, because its rows are too few or all alike.'
            || ' The output of make build says which.'
    end,
    'no forecast',
    'none',
    'no forecast',
    null,
    null,
    null,
    null,
    null,
    null
from days_so_far
where not exists (select from future)
