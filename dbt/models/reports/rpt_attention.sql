{{ config(materialized="view") }}

{# What a person should look at today, the most urgent first; one calm line where there is nothing. #}
with
    failed_tests as (
        select
            1 as urgency,
            'act' as state,
            'Test failed' as topic,
            words || ' (' || model || ')' as words,
            'data' as dashboard,
            'Data' as dashboard_label
        from {{ ref("rpt_test_results") }}
        where state = 'act'
    ),

    weak_models as (
        select
            2,
            'watch',
            'No better than the simple rule',
            model_label
            || ': '
            || shown_score
            || ' beside '
            || shown_baseline
            || '. Use the simple rule until that changes.',
            'quality_' || task,
            'Model quality'
        from {{ ref("rpt_model_overview") }}
        where not beats_baseline and task <> 'clustering'
    ),

    moved_models as (
        select
            case state when 'act' then 1 else 3 end,
            state,
            'The data have moved',
            model_label
            || ': '
            || moved
            || ' of '
            || features
            || ' inputs are not as they were in training; furthest is '
            || worst_name
            || '.',
            'monitoring',
            'Monitoring'
        from {{ ref("rpt_drift_summary") }}
        where state <> 'good'
    ),

    found as (
        select *
        from failed_tests
        union all
        select *
        from weak_models
        union all
        select *
        from moved_models
    ),

    calm as (
        select
            9 as urgency,
            'good' as state,
            'Nothing' as topic,
            'No test has failed, no input has moved, and every model beats its simple rule.'
            as words,
            'monitoring' as dashboard,
            'Monitoring' as dashboard_label
        where not exists (select from found)
    ),

    everything as (
        select *
        from found
        union all
        select *
        from calm
    )

select *, row_number() over (order by urgency, topic, words) as sort_order
from everything
