{#
    The first line of each page about a model: a sentence cut in three, so that its number can be
    coloured, and a smaller one below.
#}
with
    overview as (select * from {{ ref("rpt_model_overview") }}),

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
                    || ' cases. The plainest guess of '
                    || target_words
                    || ' is '
                when 'clustering'
                then {{ counted("rows_total") }} || ' cases, none of them labelled: they fall into '
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
                else 'Missing: ' || {{ small_share("missing_share") }} || ' of the values.'
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
            'Shuffling one measurement at a time on the '
            || {{ counted("rows_test") }}
            || ' test cases shows what the model uses, not what causes the outcome.' as subline
        from overview
    ),

    quality as (
        select
            model,
            'quality' as page,
            case
                when task = 'clustering'
                then 'The model sorts ' || {{ counted("rows_total") }} || ' cases into '
                when state <> 'good' and task = 'regression' and wape > baseline_wape
                then 'The simple rule is better: it is off by '
                when task not in ('classification', 'regression')
                then metric_label || ': '
                when state <> 'good'
                then 'The model is '
                when task = 'regression'
                then 'On average the model is off by '
                when gain_at_20 is not null
                then 'Looking at the riskiest 20' || U&'\202F' || '% of cases finds '
                else 'The model is right in '
            end as lead,
            case
                when task = 'clustering'
                then classes || ' groups'
                when state <> 'good' and task = 'regression' and wape > baseline_wape
                then coalesce({{ percent("baseline_wape") }}, shown_baseline_error)
                when task not in ('classification', 'regression')
                then shown_score
                when state <> 'good'
                then 'no better than the simple rule'
                when task = 'regression'
                then coalesce({{ percent("wape") }}, shown_error)
                when gain_at_20 is not null
                then {{ percent("gain_at_20") }}
                else {{ percent("right_share") }}
            end as number,
            case
                when task = 'clustering' and score >= 0.5
                then ' that stand clearly apart.'
                when task = 'clustering' and score >= 0.25
                then ' that overlap in part.'
                when task = 'clustering'
                then ' that hardly stand apart.'
                when task not in ('classification', 'regression')
                then '.'
                when state <> 'good' and task = 'regression' and wape > baseline_wape
                then ', the model by ' || coalesce({{ percent("wape") }}, shown_error) || '.'
                when state <> 'good'
                then '.'
                when task = 'regression'
                then
                    ', the simple rule by '
                    || coalesce({{ percent("baseline_wape") }}, shown_baseline_error)
                    || '.'
                when gain_at_20 is not null
                then ' of all ' || {{ cases_of("target", "positive_class") }} || '.'
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
                    || '. Nothing says which groups are right: judge them by whether they are of use.'
                when 'regression'
                then
                    'Its answer is the '
                    || target_words
                    || '. Tested on '
                    || {{ counted("rows_test") }}
                    || ' cases it had never seen. The error is the sum of all misses as a share of the'
                    || ' sum of all true values.'
                when 'classification'
                then
                    coalesce(
                        'Chosen by chance they would hold '
                        || {{ percent("0.2") }}
                        || ', with a perfect model '
                        || {{ percent("best_gain_at_20") }}
                        || '. ',
                        ''
                    )
                    || 'Tested on '
                    || {{ counted("rows_test") }}
                    || ' cases it had never seen: '
                    || {{ percent("right_share") }}
                    || ' right. Always answering “'
                    || {{ class_name("target", "largest_class") }}
                    || '” would be right in '
                    || {{ percent("coalesce(baseline_right_share, largest_share)") }}
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
                when drift.features is null
                then 'Nothing has been measured since the training.'
                else 'Since the training, '
            end as lead,
            case
                when drift.features is null
                then ''
                else drift.moved || ' of ' || drift.features || ' inputs'
            end as number,
            case
                when drift.features is null
                then ''
                when drift.retrain > 0
                then ' have moved; ' || drift.retrain || ' so far that training anew is due.'
                when drift.moved > 0
                then ' have moved a little: keep watching.'
                else ' have moved: the data look as they did in training.'
            end as rest,
            case
                when drift.features is null
                then
                    'Measure it with ml.watch; the next build does so for every model that predicts.'
                else
                    'Last measured on '
                    || to_char(drift.measured_at, 'FMDD FMMonth YYYY')
                    || ', on '
                    || {{ counted("drift.rows") }}
                    || ' cases. Furthest from the training: '
                    || drift.worst_name
                    || ' (PSI '
                    || to_char(drift.worst_psi, 'FM990.00')
                    || ').'
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
