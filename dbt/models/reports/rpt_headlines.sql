{{ config(materialized="view") }}

{#
    The headline of each page about a model: a sentence in three parts, so that its number can be
    highlighted, and a smaller sentence below.
#}
with
    overview as not materialized(select * from {{ ref("rpt_model_overview") }}),

    drift as (select * from {{ ref("rpt_drift_summary") }}),

    data as (
        select
            model,
            'data' as page,
            case
                task
                when 'classification'
                then 'Of ' || {{ counted("rows_total") }} || ' cases, '
                when 'regression'
                then
                    {{ counted("rows_total") }}
                    || ' cases. Without a model, the best single guess for '
                    || target_phrase
                    || ' is '
                when 'clustering'
                then {{ counted("rows_total") }} || ' unlabelled cases fall into '
                when 'forecast'
                then {{ counted("rows_total") }} || ' values over time of '
                else {{ counted("rows_total") }} || ' cases, each described by '
            end as lead,
            case
                task
                when 'classification'
                then coalesce({{ percent("positive_share") }}, {{ percent("largest_share") }})
                when 'regression'
                then {{ short_number("baseline_answer") }}
                when 'clustering'
                then classes || ' groups'
                when 'forecast'
                then target_phrase
                else features_total || ' measurements'
            end as number,
            case
                when task <> 'classification'
                then '.'
                when {{ is_bare("coalesce(positive_class, largest_class)") }}
                then
                    ' have '
                    || {{ class_name("target", "coalesce(positive_class, largest_class)") }}
                    || '.'
                else
                    ' are “'
                    || {{ class_name("target", "coalesce(positive_class, largest_class)") }}
                    || '”.'
            end as rest,
            'Each case is described by '
            || features_total
            || ' measurements. '
            || case
                values_missing
                when 0
                then 'No value is missing.'
                else {{ small_share("missing_share") }} || ' of the values are missing.'
            end as subline
        from overview
    ),

    drivers as (
        select
            model,
            'drivers' as page,
            'The model relies most on ' as lead,
            coalesce(first_name, 'nothing in particular') as number,
            coalesce(', then on ' || second_name, '')
            || coalesce(' and ' || third_name, '')
            || '.' as rest,
            'Measured by permutation importance on the '
            || {{ counted("rows_test") }}
            || ' test cases: it shows what the model uses, not what causes the outcome.' as subline
        from overview
    ),

    quality as (
        select
            model,
            'quality' as page,
            case
                when task = 'clustering'
                then 'The model sorts ' || {{ counted("rows_total") }} || ' cases into '
                when
                    not beats_baseline
                    and task in ('regression', 'forecast')
                    and wape > baseline_wape
                then 'The simple rule is better: it is off by '
                when task not in ('classification', 'regression', 'forecast')
                then metric_label || ': '
                when not beats_baseline
                then 'The model is '
                when task in ('regression', 'forecast')
                then 'On average the model is off by '
                when gain_at_20 is not null
                then 'Checking the riskiest 20' || U&'\202F' || '% of cases finds '
                else 'The model is right in '
            end as lead,
            case
                when task = 'clustering'
                then classes || ' groups'
                when
                    not beats_baseline
                    and task in ('regression', 'forecast')
                    and wape > baseline_wape
                then coalesce({{ percent("baseline_wape") }}, baseline_error_text)
                when task not in ('classification', 'regression', 'forecast')
                then score_text
                when not beats_baseline
                then 'no better than the simple rule'
                when task in ('regression', 'forecast')
                then coalesce({{ percent("wape") }}, error_text)
                when gain_at_20 is not null
                then {{ percent("gain_at_20") }}
                else {{ percent("accuracy") }}
            end as number,
            case
                when task = 'clustering' and score >= 0.5
                then ' that are well separated.'
                when task = 'clustering' and score >= 0.25
                then ' that partly overlap.'
                when task = 'clustering'
                then ' that are poorly separated.'
                when task not in ('classification', 'regression', 'forecast')
                then '.'
                when
                    not beats_baseline
                    and task in ('regression', 'forecast')
                    and wape > baseline_wape
                then ', the model by ' || coalesce({{ percent("wape") }}, error_text) || '.'
                when not beats_baseline
                then '.'
                when task in ('regression', 'forecast')
                then
                    ', the simple rule by '
                    || coalesce({{ percent("baseline_wape") }}, baseline_error_text)
                    || '.'
                when gain_at_20 is not null
                then
                    ' of all ' || case
                        when {{ is_bare("positive_class") }}
                        then 'cases with ' || {{ class_name("target", "positive_class") }}
                        else positive_class || ' cases'
                    end
                    || '.'
                else ' of the cases.'
            end as rest,
            case
                task
                when 'clustering'
                then
                    'The largest group holds '
                    || {{ percent("largest_share") }}
                    || ' of the cases, the smallest '
                    || {{ percent("smallest_share") }}
                    || '. There is no true grouping to compare with: judge the groups by their usefulness.'
                when 'regression'
                then
                    'It predicts the '
                    || target_phrase
                    || '. Tested on '
                    || {{ counted("rows_test") }}
                    || ' cases it had never seen. The error (WAPE) is the sum of all absolute errors as a share of the'
                    || ' sum of all true values.'
                when 'forecast'
                then
                    'It forecasts the '
                    || target_phrase
                    || '. Tested on '
                    || {{ counted("rows_test") }}
                    || ' values it had never seen. The error (WAPE) is the sum of all absolute errors as a share of'
                    || ' the sum of all true values; the simple rule repeats the last season.'
                when 'classification'
                then
                    coalesce(
                        'A random selection would find '
                        || {{ percent("0.2") }}
                        || ', a perfect model '
                        || {{ percent("best_gain_at_20") }}
                        || '. ',
                        ''
                    )
                    || 'Tested on '
                    || {{ counted("rows_test") }}
                    || ' cases it had never seen: '
                    || {{ percent("accuracy") }}
                    || ' right. Always answering “'
                    || {{ class_name("target", "largest_class") }}
                    || '” would be right in '
                    || {{ percent("coalesce(baseline_accuracy, largest_share)") }}
                    || '.'
                else 'Tested on ' || {{ counted("rows_test") }} || ' cases it had never seen.'
            end as subline
        from overview
    ),

    monitoring as (
        select
            overview.model,
            'monitoring' as page,
            case
                when overview.task = 'forecast'
                then 'A forecast has series instead of inputs, so no drift is measured.'
                when drift.features is null
                then 'Drift has not been measured since training.'
                else 'Since training, '
            end as lead,
            case
                when drift.features is null
                then ''
                else drift.drifted || ' of ' || drift.features || ' inputs'
            end as number,
            case
                when drift.features is null
                then ''
                when drift.retrain > 0
                then
                    ' have drifted, '
                    || drift.retrain
                    || ' of them strongly and with an effect on the model: retraining is recommended.'
                when drift.drifted > 0
                then ' have drifted, none of them strongly and with an effect on the model.'
                else ' have drifted: the data look as they did in training.'
            end as rest,
            case
                when overview.task = 'forecast'
                then
                    'The page Forecast compares earlier forecasts with the values that have come since.'
                when drift.features is null
                then
                    'ml.watch measures it; the next build does so for every model with predictions.'
                else
                    'Last measured on '
                    || to_char(drift.measured_at, 'FMDD FMMonth YYYY')
                    || ', on '
                    || {{ counted("drift.rows") }}
                    || ' cases. '
                    || drift.worst_text
                    || case
                        drift.ageing
                        when 0
                        then ''
                        when 1
                        then ' One more only grows with time.'
                        else ' ' || drift.ageing || ' more only grow with time.'
                    end
            end as subline
        from overview
        left join drift on drift.model = overview.model
    ),

    sentences as (
        select *
        from data
        union all
        select *
        from drivers
        union all
        select *
        from quality
        union all
        select *
        from monitoring
    )

select
    -- ids
    sentences.model,
    sentences.page,

    -- text
    overview.model_label,
    overview.task,
    overview.model_label
    || ' · version '
    || overview.version
    || ' · '
    || overview.algorithm_label
    || ' · trained on '
    || to_char(overview.trained_at, 'FMDD FMMonth YYYY') as eyebrow,
    overview.positive_label,
    overview.other_label,
    sentences.lead,
    sentences.number,
    sentences.rest,
    sentences.subline
from sentences
inner join overview on overview.model = sentences.model
-- A sentence needs all its numbers; some may be missing from a version that was written by hand.
where sentences.lead || sentences.number || sentences.rest || sentences.subline is not null
