{{ config(materialized="view") }}

{# The key figures below the headline of a page about a model. #}
with
    overview as (
        select *, coalesce(positive_share, largest_share) as class_share
        from {{ ref("rpt_model_overview") }}
    ),

    drift as (select * from {{ ref("rpt_drift_summary") }}),

    versions as (
        select model, count(*) as versions, max(trained_at) as last_trained_at
        from {{ of_all_versions("model_versions") }} as versions
        group by model
    ),

    figures_by_model as (
        select overview.model, overview.model_label, overview.task, figures.*
        from overview
        inner join versions on versions.model = overview.model
        left join drift on drift.model = overview.model
        cross join
            lateral(
                values
                    (
                        'data',
                        1,
                        'Cases',
                        {{ counted("rows_total") }},
                        {{ counted("rows_train") }}
                        || ' for training, '
                        || {{ counted("rows_test") }}
                        || ' for the test',
                        '',
                        'plain'
                    ),
                    (
                        'data',
                        2,
                        'Measurements per case',
                        features_total::text,
                        case
                            features_excluded
                            when 0
                            then 'all of them are used'
                            else features_excluded || ' more excluded as uninformative'
                        end,
                        '',
                        'plain'
                    ),
                    (
                        'data',
                        3,
                        'Missing values',
                        {{ small_share("missing_share") }},
                        {{ counted("values_missing") }}
                        || ' of '
                        || {{ counted("rows_total * features_total") }}
                        || ' values',
                        case
                            when missing_share = 0
                            then 'complete'
                            when missing_share < 0.05
                            then 'few gaps'
                            else 'many gaps'
                        end,
                        case when missing_share < 0.05 then 'good' else 'watch' end
                    ),
                    (
                        'data',
                        4,
                        case
                            when task = 'regression'
                            then 'Best single guess'
                            when class_share is null
                            then 'Kind of model'
                            else coalesce(positive_label, 'Largest group')
                        end,
                        case
                            when task = 'regression'
                            then {{ short_number("baseline_answer") }}
                            when class_share is null
                            then task_label
                            else {{ percent("class_share") }}
                        end,
                        case
                            when task = 'regression'
                            then 'what the simple rule always predicts'
                            when class_share is null
                            then 'there is no class to look for'
                            else
                                coalesce(
                                    {{ counted("positive_total") }}
                                    || ' of '
                                    || {{ counted("rows_total") }}
                                    || ' cases',
                                    'share of all cases'
                                )
                        end,
                        case
                            when task = 'regression' or class_share is null
                            then ''
                            when class_share between 0.2 and 0.8
                            then 'balanced'
                            when class_share > 0.8
                            then 'imbalanced'
                            else 'rare'
                        end,
                        case
                            when task = 'regression' or class_share is null
                            then 'plain'
                            when class_share between 0.2 and 0.8
                            then 'good'
                            else 'watch'
                        end
                    ),
                    (
                        'drivers',
                        1,
                        'Kind of model',
                        algorithm_label,
                        'best candidate in cross-validation',
                        '',
                        'plain'
                    ),
                    (
                        'drivers',
                        2,
                        'Clearly used',
                        clearly_used || ' of ' || features_total,
                        'measurements with a clear effect when shuffled',
                        '',
                        'plain'
                    ),
                    (
                        'drivers',
                        3,
                        'Largest importance',
                        {{ short_number("first_importance") }},
                        case
                            task
                            when 'clustering'
                            then 'share of cases that change their group'
                            else
                                'loss of '
                                ||
                                {{ within_sentence("regexp_replace(metric_label, ' \\(.*', '')") }}
                                || ' when its values are shuffled'
                        end,
                        '',
                        'plain'
                    ),
                    (
                        'drivers',
                        4,
                        'Trained on',
                        {{ counted("rows_train") }},
                        'cases, in ' || {{ short_number("seconds") }} || ' seconds',
                        '',
                        'plain'
                    ),
                    (
                        'monitoring',
                        1,
                        'Inputs that have drifted',
                        coalesce(drift.drifted || ' of ' || drift.features, 'not measured'),
                        coalesce(
                            'the newest period, ' || {{ counted("drift.rows") }} || ' cases',
                            case
                                task
                                when 'forecast'
                                then 'a forecast has series instead of inputs'
                                else 'ml.watch measures it'
                            end
                        ),
                        case
                            coalesce(drift.state, 'plain')
                            when 'act'
                            then 'retraining recommended'
                            when 'watch'
                            then 'watch'
                            when 'good'
                            then 'as in training'
                            else ''
                        end,
                        coalesce(drift.state, 'plain')
                    ),
                    (
                        'monitoring',
                        2,
                        'Version in use',
                        overview.version::text,
                        'of ' || versions.versions || ' versions trained so far',
                        '',
                        'plain'
                    ),
                    (
                        'monitoring',
                        3,
                        'Last trained',
                        to_char(versions.last_trained_at, 'FMDD FMMonth'),
                        'at '
                        || to_char(versions.last_trained_at, 'HH24:MI')
                        || ', on '
                        || {{ counted("rows_train") }}
                        || ' cases',
                        '',
                        'plain'
                    ),
                    (
                        'monitoring',
                        4,
                        overview.metric_label,
                        score_text,
                        score_note,
                        verdict,
                        overview.state
                    )
            ) as figures(page, sort_order, label, value_text, note, verdict, state)
    )

select *
from figures_by_model
