{{ config(materialized="view") }}

{# One row of facts per model in use. rpt_headlines turns them into sentences. #}
with
    versions as not materialized(select * from {{ of_champions("model_versions") }} as versions),

    metrics as not materialized(select * from {{ ref("rpt_model_metrics") }}),

    algorithms as (select * from {{ ref("algorithm_labels") }}),

    classes as not materialized(
        select balance.*
        from {{ ref("rpt_class_balance") }} as balance
        inner join versions on versions.model = balance.model
        where versions.task in ('classification', 'clustering')
    ),

    positive as (select * from classes where is_positive),

    -- With two classes, the negative one has a label; with more, the others share one.
    others as (
        select
            model, case count(*) when 1 then max(class_label) else 'All other classes' end as label
        from classes
        where not is_positive
        group by model
    ),

    largest as (
        select distinct
            on (model)
            model,
            class,
            share,
            count(*) over (partition by model) as classes,
            min(share) over (partition by model) as smallest_share
        from classes
        order by model, n desc, class
    ),

    features as (
        select
            model,
            count(*) as total,
            sum(missing) as missing,
            sum(missing) / nullif(sum(rows), 0)::float8 as missing_share
        from {{ ref("rpt_feature_summary") }}
        group by model
    ),

    ranked as (
        select
            model,
            max(feature_phrase) filter (where rank = 1) as first_name,
            max(feature_phrase) filter (where rank = 2) as second_name,
            max(feature_phrase) filter (where rank = 3) as third_name,
            max(importance) filter (where rank = 1) as first_importance,
            count(*) filter (where lower > 0) as clearly_used
        from {{ ref("rpt_feature_importances") }}
        group by model
    ),

    outcomes as (
        select
            model,
            sum(n) filter (where outcome = 'found') as true_positives,
            sum(n) filter (where outcome in ('found', 'missed')) as positives,
            sum(n) filter (where outcome = 'false alarm') as false_positives,
            sum(n) filter (where state = 'hit') / nullif(sum(n), 0)::float8 as accuracy
        from {{ ref("rpt_confusion") }}
        group by model
    ),

    gains as (
        select model, max(y) as gain
        from {{ ref("rpt_model_curves") }}
        where curve = 'gain' and is_marked
        group by model
    ),

    errors as (
        select
            model,
            max(value) filter (where metric = 'wape') as wape,
            max(baseline) filter (where metric = 'wape') as baseline_wape,
            max(value_text) filter (where metric = 'mae') as error_text,
            max(baseline_text) filter (where metric = 'mae') as baseline_error_text,
            max(baseline) filter (where metric = 'accuracy') as baseline_accuracy
        from metrics
        group by model
    )

select
    -- ids
    versions.model,
    versions.version,

    -- text
    {{ model_label("versions.model") }} as model_label,
    versions.task,
    {{ humanize("versions.task") }} as task_label,
    versions.target,
    {{ feature_phrase("versions.model", "versions.target") }} as target_phrase,
    coalesce(algorithms.label, {{ humanize("versions.algorithm") }}) as algorithm_label,
    coalesce(metrics.label, {{ humanize("versions.metric") }}) as metric_label,
    coalesce(metrics.value_text, to_char(versions.score::numeric, 'FM999,990.000')) as score_text,
    coalesce(metrics.baseline_text, 'none') as baseline_text,
    coalesce(metrics.note, '') as score_note,
    coalesce(metrics.verdict, '') as verdict,
    coalesce(metrics.state, 'plain') as state,
    positive.class as positive_class,
    positive.class_label as positive_label,
    others.label as other_label,
    largest.class as largest_class,
    ranked.first_name,
    ranked.second_name,
    ranked.third_name,
    errors.error_text,
    errors.baseline_error_text,

    -- numbers
    versions.score,
    versions.lower,
    versions.upper,
    versions.baseline,
    versions.rows_train + versions.rows_test as rows_total,
    versions.rows_train,
    versions.rows_test,
    features.total as features_total,
    jsonb_array_length(versions.excluded) as features_excluded,
    features.missing as values_missing,
    features.missing_share,
    largest.classes,
    positive.n as positive_total,
    positive.share as positive_share,
    largest.share as largest_share,
    largest.smallest_share,
    ranked.first_importance,
    ranked.clearly_used,
    outcomes.true_positives,
    outcomes.positives,
    outcomes.false_positives,
    outcomes.accuracy,
    errors.baseline_accuracy,
    gains.gain as gain_at_20,
    least(1, 0.2 * versions.rows_test / nullif(outcomes.positives, 0)) as best_gain_at_20,
    errors.wape,
    errors.baseline_wape,
    versions.baseline_answer,
    versions.seconds,

    -- booleans
    -- NULL without a baseline or an interval to compare it with
    case when metrics.state <> 'plain' then metrics.state = 'good' end as beats_baseline,

    -- dates
    versions.trained_at
from versions
left join metrics on metrics.model = versions.model and metrics.metric = versions.metric
left join algorithms on algorithms.algorithm = versions.algorithm
left join positive on positive.model = versions.model
left join others on others.model = versions.model
left join largest on largest.model = versions.model
left join features on features.model = versions.model
left join ranked on ranked.model = versions.model
left join outcomes on outcomes.model = versions.model
left join gains on gains.model = versions.model
left join errors on errors.model = versions.model
