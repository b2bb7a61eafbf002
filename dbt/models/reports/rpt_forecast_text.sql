{{ config(materialized="view") }}

{#
    The headline of each series of every forecast in use: what is expected, and whether the forecast or
    the simple rule is better. A model node without a forecast has one row that says why.
#}
with
    versions as (
        select
            model,
            version,
            {{ feature_phrase("versions.model", "versions.target") }} as target_phrase,
            split ->> 'time_zone' as time_zone,
            (split ->> 'test')::integer as test_steps,
            -- A year earlier, days and hours are compared on the same weekday.
            case
                when split ->> 'frequency' in ('month', 'quarter', 'year')
                then interval '1 year'
                else interval '364 days'
            end as one_year
        from {{ of_champions("model_versions") }} as versions
        where task = 'forecast'
    ),

    -- The unit of the target, from the meta of the model node.
    documented(model, unit, is_forecast) as (
        values
            (null::text, null::text, null::boolean)
            {% for name in trained_models() if execute %}
                {%- set node = model_node(name) %},
                (
                    {{ sql_text(registry_name(name)) }},
                    {{ sql_text(node.config.meta.get("unit")) }},
                    {{ node.config.get("task") == "forecast" }}
                )
            {% endfor %}
    ),

    errors as (select * from {{ ref("rpt_forecast_errors") }} where part = 'all'),

    series as (select * from {{ of_champions("forecast_series") }} as series),

    history as (select * from {{ of_champions("forecast_history") }} as history),

    future as (
        select forecasts.*, history.actual as actual_before
        from {{ of_champions("forecasts") }} as forecasts
        inner join versions on versions.model = forecasts.model
        left join
            history
            on history.model = forecasts.model
            and history.position = forecasts.position
            and history.at at time zone versions.time_zone
            = forecasts.at at time zone versions.time_zone - versions.one_year
        where forecasts.part = 'future'
    ),

    expected as (
        select
            model,
            position,
            count(*) as steps,
            min(at) as first_at,
            max(at) as last_at,
            sum(forecast) as forecast,
            sum(baseline) as simple_rule,
            case when count(actual_before) = count(*) then sum(actual_before) end as year_before
        from future
        group by model, position
    ),

    facts as (
        select
            versions.model,
            versions.version,
            versions.target_phrase,
            versions.test_steps,
            series.series,
            series.reason,
            expected.steps,
            expected.first_at at time zone versions.time_zone as first_at,
            expected.last_at at time zone versions.time_zone as last_at,
            expected.forecast,
            expected.simple_rule,
            expected.year_before,
            coalesce(' ' || documented.unit, '') as unit,
            errors.error,
            errors.simple_error,
            errors.value_text,
            errors.simple_text,
            errors.inside_text,
            errors.level_text,
            errors.algorithm_label,
            errors.period_noun,
            errors.verdict,
            errors.state,
            errors.sort_order,
            case
                when errors.verdict = 'simple rule better'
                then expected.simple_rule
                else expected.forecast
            end as amount
        from versions
        inner join series on series.model = versions.model
        inner join errors on errors.model = series.model and errors.series = series.series
        left join expected on expected.model = series.model and expected.position = series.position
        left join documented on documented.model = versions.model
    ),

    sentences as (
        select
            model,
            series,
            case
                when steps is null
                then 'No forecast is stored, because the training rows lack '
                when verdict = 'simple rule better'
                then
                    'The simple rule is better here. It expects in the next '
                    || steps
                    || ' '
                    || period_noun
                    || 's '
                else 'Expected in the next ' || steps || ' ' || period_noun || 's: '
            end as lead,
            coalesce({{ short_number("amount") }} || unit, 'the columns known ahead') as number,
            case
                when steps is null
                then '. Call ml.forecast with known_ahead.'
                when amount >= 0 and year_before > 0
                then
                    ', '
                    || {{ percent("abs(amount / year_before - 1)") }}
                    || case when amount >= year_before then ' more' else ' less' end
                    || ' than in the same '
                    || period_noun
                    || 's a year earlier.'
                else '.'
            end as rest,
            coalesce(
                humanized.target
                || ': on average '
                || {{ short_number("amount / steps") }}
                || unit
                || case period_noun when 'hour' then ' an ' else ' a ' end
                || period_noun
                || '. ',
                ''
            ) || case
                when verdict = 'not tested'
                then 'The series is not tested: it has no value in the test steps.'
                else
                    'Tested on the last '
                    || test_steps
                    || ' '
                    || period_noun
                    || 's: the forecast ('
                    || algorithm_label
                    || ') was off by '
                    || value_text
                    || ', the simple rule (same period last season) by '
                    || simple_text
                    || '. '
                    || inside_text
                    || ' of the values were inside the band, which is meant to hold '
                    || level_text
                    || '.'
            end
            || coalesce(' A rule answers, because the series is ' || reason || '.', '') as subline,
            verdict,
            state,
            coalesce(
                to_char(first_at, 'FMDD FMMonth YYYY')
                || ' to '
                || to_char(last_at, 'FMDD FMMonth YYYY'),
                ''
            ) as period,
            forecast,
            simple_rule,
            year_before,
            error,
            simple_error,
            version as model_version,
            sort_order
        from facts
        cross join lateral(select {{ humanize("target_phrase") }} as target) as humanized
        union all
        select
            model,
            'none',
            'There is no forecast yet',
            '',
            '.',
            'No version is in use: the rows are too few to train one, or a test of the model has failed.'
            || ' The output of make build says which.',
            'no forecast',
            'none',
            '',
            null,
            null,
            null,
            null,
            null,
            null,
            1
        from documented
        where is_forecast and model not in (select model from versions)
    )

select
    -- ids
    model,
    series,

    -- text
    {{ model_label("model") }} as model_label,
    lead,
    number,
    rest,
    subline,
    verdict,
    state,
    period,

    -- numbers
    forecast,
    simple_rule,
    year_before,
    error,
    simple_error,
    model_version,
    sort_order
from sentences
