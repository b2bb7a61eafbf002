{{ config(materialized="view") }}

{# Alerts for a person to look at, the most urgent first; one row that says so where there are none. #}
with
    failed_tests as (
        select
            case state when 'act' then 1 else 3 end as urgency,
            state,
            case state when 'act' then 'Test failed' else 'Test warning' end as topic,
            statement || ' (' || model || ')' as message,
            'data' as dashboard,
            'Data' as dashboard_label
        from {{ ref("rpt_test_results") }}
        where result in ('failed', 'warning')
    ),

    weak_models as (
        select
            2,
            'watch',
            'No better than the simple rule',
            model_label
            || ': '
            || score_text
            || ' against '
            || baseline_text
            || '. Use the simple rule until that changes.',
            case
                when task in ('classification', 'regression')
                then 'quality_' || task
                when task = 'forecast'
                then 'forecast'
                else 'model_card'
            end,
            case
                when task in ('classification', 'regression')
                then 'Model quality'
                when task = 'forecast'
                then 'Forecast'
                else 'Model card'
            end
        from {{ ref("rpt_model_overview") }}
        where not beats_baseline and task <> 'clustering'
    ),

    -- That a model is no better than the simple rule is said above.
    issues as (
        select
            2,
            'act',
            'Issue',
            model_label || ': ' || string_agg(distinct title, ', ' order by title) || '.',
            'checks',
            'Checks'
        from {{ ref("rpt_checks") }}
        where severity = 'issue' and code <> 'baseline_not_beaten'
        group by model, model_label
    ),

    drifted_models as (
        select
            case state when 'act' then 1 else 3 end,
            state,
            'Input drift',
            model_label
            || ': '
            || drifted
            || ' of '
            || features
            || ' inputs differ from the training data: '
            || drifted_names
            || case when drifted > 3 then ' and others.' else '.' end,
            'monitoring',
            'Monitoring'
        from {{ ref("rpt_drift_summary") }}
        where state <> 'good'
    ),

    -- The newest period of the version in use whose predictions are worse than its test.
    worse_predictions as (
        select distinct
            on (model)
            case state when 'act' then 1 else 3 end,
            state,
            'Prediction quality',
            model_label
            || ', '
            || period_label
            || ': '
            || {{ within_sentence("metric_label") }}
            || ' is '
            || case
                when value is null
                then 'estimated at ' || estimate_text || ' (' || estimate_interval_text || ')'
                else value_text || ' (' || interval_text || ')'
            end
            || ', worse than at the test.',
            'monitoring',
            'Monitoring'
        from {{ ref("rpt_performance_over_time") }}
        where is_champion and is_main_metric and state in ('act', 'watch')
        order by model, newest_rank
    ),

    malformed_versions as (
        select
            1,
            'act',
            'Model left out',
            {{ model_label("model") }}
            || ', version '
            || version
            || ', is left out of the dashboards: '
            || problem
            || '. Train it again, or drop the version.',
            'model_card',
            'Model card'
        from {{ source("ml", "malformed_versions") }}
        where status <> 'archived' and {{ is_own_model("model") }}
    ),

    versions as (select * from {{ of_all_versions("model_versions") }} as versions),

    -- The newest version has failed a test. One that lost the comparison with the champion has not.
    rejected_versions as (
        select
            case when champions.version is null then 1 else 3 end,
            case when champions.version is null then 'act' else 'watch' end,
            'Version rejected',
            {{ model_label("newest.model") }}
            || ': version '
            || newest.version
            || ' failed its test, '
            || coalesce(
                {{ within_sentence("metrics.label") }},
                replace(newest.rejection ->> 'subject', '_', ' '),
                'number of failures'
            )
            || ' is '
            || {{ number_or_text("newest.rejection ->> 'value'") }}
            || ' and the limit '
            || {{ number_or_text("newest.rejection ->> 'limit'") }}
            || '. '
            || coalesce(
                'Version ' || champions.version || ' stays in use.',
                'No version is in use, so the model predicts nothing.'
            ),
            'monitoring',
            'Monitoring'
        from (select distinct on (model) * from versions order by model, version desc) as newest
        left join
            versions as champions
            on champions.model = newest.model
            and champions.status = 'champion'
        left join
            {{ ref("metric_labels") }} as metrics on metrics.metric = newest.rejection ->> 'subject'
        where newest.status = 'rejected' and newest.rejection ->> 'test' <> 'if_better'
    ),

    alerts as (
        select *
        from failed_tests
        union all
        select *
        from rejected_versions
        union all
        select *
        from malformed_versions
        union all
        select *
        from weak_models
        union all
        select *
        from issues
        union all
        select *
        from drifted_models
        union all
        select *
        from worse_predictions
    ),

    no_alerts as (
        select
            9 as urgency,
            'good' as state,
            'No alerts' as topic,
            'No test has failed, no check found an issue, no version was rejected, no input has drifted, no prediction is worse than at the test, and every model beats its simple rule.'
            as message,
            'monitoring' as dashboard,
            'Monitoring' as dashboard_label
        where not exists (select from alerts)
    ),

    rows_to_show as (
        select *
        from alerts
        union all
        select *
        from no_alerts
    )

select *, row_number() over (order by urgency, topic, message) as sort_order
from rows_to_show
