{#
    The quality of the champion's predictions by segment, period and metric. A segment is compared with
    the same segment at the test. A champion without segments has one row that says so.
#}
with
    versions as (select * from {{ of_champions("model_versions") }} as versions),

    performance as (
        select performance.*
        from {{ ref("prediction_performance") }} as performance
        inner join
            versions
            on versions.model = performance.model
            and versions.version = performance.model_version
    ),

    -- The page shows the newest period with a known outcome, or the newest one without.
    periods as (
        select
            model,
            period,
            bool_or(labelled > 0) as has_outcome,
            row_number() over (partition by model order by bool_or(labelled > 0) desc, period desc)
            = 1 as is_shown
        from performance
        group by model, period
    ),

    tests as (
        select model, segment, metric, value, lower, upper, higher_is_better
        from {{ of_champions("metrics") }} as metrics
        where split = 'test' and fold is null and series = 'model'
    ),

    labels as (select * from {{ ref("metric_labels") }}),

    compared as (
        select
            performance.*,
            periods.has_outcome,
            periods.is_shown,
            tests.value as test_value,
            tests.lower as test_lower,
            tests.upper as test_upper,
            tests.higher_is_better,
            coalesce(performance.value, performance.estimate) as shown,
            coalesce(performance.lower, performance.estimate_lower) as shown_lower,
            coalesce(performance.upper, performance.estimate_upper) as shown_upper,
            lag(performance.value) over (
                partition by performance.model, performance.segment, performance.metric
                order by performance.period
            ) as previous_value
        from performance
        inner join
            periods on periods.model = performance.model and periods.period = performance.period
        left join
            tests
            on tests.model = performance.model
            and tests.segment = performance.segment
            and tests.metric = performance.metric
        where performance.segment <> 'all'
    ),

    judged as (
        select
            *,
            case
                -- An interval of fewer cases is wide, and the bootstrap's is not exact.
                when coalesce(nullif(labelled, 0), rows) < 100
                then 'too few cases to judge'
                when shown is null or (has_outcome and value is null)
                then 'not defined for these cases'
                when test_lower is null
                then 'not measured at the test'
                when
                    case
                        when higher_is_better
                        then shown_upper < test_lower
                        else shown_lower > test_upper
                    end
                then
                    case
                        when value is null
                        then 'estimate worse than the test'
                        else 'worse than at the test'
                    end
                when value is null
                then 'as at the test, by the estimate'
                else 'as at the test'
            end as verdict
        from compared
    )

select
    -- ids
    versions.model,
    versions.version as model_version,
    nullif(judged.period, '') as period,
    judged.segment,
    coalesce(judged.metric, versions.metric) as metric,

    -- text
    {{ model_label("versions.model") }} as model_label,
    coalesce(labels.label, judged.metric, versions.metric) as metric_label,
    case
        when judged.period ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
        then to_char(judged.period::date, 'FMDD Mon YYYY')
        else nullif(judged.period, '')
    end as period_label,
    {{ feature_label("versions.model", "split_part(judged.segment, ' = ', 1)") }}
    as segment_column_label,
    substr(judged.segment, strpos(judged.segment, ' = ') + 3) as segment_value,
    case
        when judged.segment is null
        then
            'The predictions of this model are not measured by segment (training option: segments).'
        when judged.has_outcome
        then 'The newest period whose outcome is known.'
        else 'No outcome of these predictions is known yet, so the values are estimates.'
    end as status_text,
    {{ counted("judged.rows") }}
    || ' predictions'
    || case
        when judged.has_outcome
        then ', ' || {{ counted("judged.labelled") }} || ' with a known outcome'
        else ''
    end as cases_text,
    coalesce({{ metric_text("judged.shown", "labels.unit") }}, 'none') as value_text,
    coalesce(
        {{ metric_text("judged.shown_lower", "labels.unit") }}
        || ' to '
        || {{ metric_text("judged.shown_upper", "labels.unit") }},
        ''
    ) as interval_text,
    coalesce({{ metric_text("judged.test_value", "labels.unit") }}, '') as test_text,
    coalesce({{ metric_text("judged.previous_value", "labels.unit") }}, '') as previous_text,
    coalesce({{ metric_text("judged.baseline", "labels.unit") }}, '') as baseline_text,
    judged.verdict,
    case
        when judged.verdict like '%worse%'
        then 'watch'
        when judged.verdict like 'as at%'
        then 'good'
        else 'plain'
    end as state,

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
    judged.test_value,

    -- booleans
    coalesce(judged.metric = versions.metric, true) as is_main_metric,
    coalesce(judged.is_shown, true) as is_shown
from versions
left join judged on judged.model = versions.model
left join labels on labels.metric = coalesce(judged.metric, versions.metric)
