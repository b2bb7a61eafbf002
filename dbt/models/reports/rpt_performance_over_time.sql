{#
    The quality of the predictions as they were made, by model, period and metric: estimated at once, and
    measured when the truth arrives. The first period of each version is its test.
#}
with
    performance as (select * from {{ ref("prediction_performance") }} where segment = 'all'),

    versions as (select * from {{ of_all_versions("model_versions") }} as versions),

    metrics as (select * from {{ ref("metric_labels") }}),

    directions as (
        select distinct model, version, metric, higher_is_better
        from {{ of_all_versions("metrics") }} as metrics
    ),

    periods as (
        select
            performance.model,
            performance.model_version,
            nullif(performance.period, '') as period,
            performance.metric,
            performance.rows,
            performance.labelled,
            performance.value,
            performance.lower,
            performance.upper,
            performance.baseline,
            performance.estimate,
            performance.estimate_lower,
            performance.estimate_upper,
            false as is_test
        from performance
        union all
        select
            versions.model,
            versions.version,
            null,
            versions.metric,
            versions.rows_test,
            versions.rows_test,
            versions.score,
            versions.lower,
            versions.upper,
            versions.baseline,
            null,
            null,
            null,
            true
        from versions
        where
            versions.status = 'champion'
            or (versions.model, versions.version) in (select model, model_version from performance)
    ),

    compared as (
        select
            periods.*,
            versions.metric = periods.metric as is_main_metric,
            versions.status = 'champion' as is_champion,
            coalesce(directions.higher_is_better, true) as higher_is_better,
            versions.lower as test_lower,
            versions.upper as test_upper
        from periods
        inner join
            versions on versions.model = periods.model and versions.version = periods.model_version
        left join
            directions
            on directions.model = periods.model
            and directions.version = periods.model_version
            and directions.metric = periods.metric
    ),

    judged as (
        select
            *,
            case
                when is_test or not is_main_metric
                then 'plain'
                when value is not null
                then
                    case
                        when higher_is_better and upper < test_lower
                        then 'act'
                        when not higher_is_better and lower > test_upper
                        then 'act'
                        else 'good'
                    end
                when higher_is_better and estimate_upper < test_lower
                then 'watch'
                when not higher_is_better and estimate_lower > test_upper
                then 'watch'
                else 'good'
            end as state
        from compared
    ),

    counted as (
        select
            *,
            count(*) filter (where not is_test) over of_metric as periods,
            count(value) filter (where not is_test) over of_metric as measured_periods,
            count(estimate) over of_metric as estimated_periods
        from judged
        window of_metric as (partition by model, model_version, metric)
    )

select
    -- ids
    judged.model,
    judged.model_version,
    judged.period,
    judged.metric,

    -- text
    {{ model_label("judged.model") }} as model_label,
    coalesce(metrics.label, judged.metric) as metric_label,
    case
        when judged.is_test
        then 'Test of version ' || judged.model_version
        when judged.period ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
        then to_char(judged.period::date, 'FMDD Mon YYYY')
        else coalesce(judged.period, 'All predictions')
    end as period_label,
    coalesce({{ short_number("judged.value") }}, 'not known yet') as value_text,
    coalesce(
        {{ short_number("judged.lower") }} || ' to ' || {{ short_number("judged.upper") }}, ''
    ) as interval_text,
    coalesce({{ short_number("judged.estimate") }}, '') as estimate_text,
    coalesce(
        {{ short_number("judged.estimate_lower") }}
        || ' to '
        || {{ short_number("judged.estimate_upper") }},
        ''
    ) as estimate_interval_text,
    coalesce({{ short_number("judged.baseline") }}, '') as baseline_text,
    case
        when judged.periods = 0
        then 'This version has no logged predictions yet, so there is only its test.'
        when judged.measured_periods > 0
        then
            'Periods with a known outcome: '
            || judged.measured_periods
            || ' of '
            || judged.periods
            || '.'
        when judged.estimated_periods > 0
        then
            'No outcome is known yet. Until then the estimate says how good the predictions are likely to be.'
        else 'No outcome of the predictions is known yet.'
    end as status_text,
    {{ counted("judged.rows") }} || case
        when judged.is_test
        then ' test cases'
        else ' predictions, ' || {{ counted("judged.labelled") }} || ' with a known outcome'
    end as cases_text,
    judged.state,
    case
        when judged.is_test
        then 'before use'
        when judged.state = 'act'
        then 'worse than at the test'
        when judged.state = 'watch'
        then 'estimate below the test'
        when judged.value is null
        then 'as at the test, by the estimate'
        when
            judged.estimate is null
            or judged.value between judged.estimate_lower and judged.estimate_upper
        then 'as at the test'
        else 'as at the test; the estimate was wrong'
    end as verdict,

    -- numbers
    judged.rows,
    judged.labelled,
    judged.value,
    judged.lower,
    judged.upper,
    judged.baseline,
    judged.estimate,
    judged.estimate_lower,
    judged.estimate_upper,
    row_number() over (
        partition by judged.model, judged.metric
        order by judged.model_version desc, judged.is_test, judged.period desc nulls last
    ) as newest_rank,

    -- booleans
    judged.is_test,
    judged.is_main_metric,
    judged.is_champion
from counted as judged
left join metrics on metrics.metric = judged.metric
