with
    candidates as (select * from {{ of_champions("candidates") }} as candidates),

    algorithms as (select * from {{ ref("algorithm_labels") }}),

    metrics as (select * from {{ ref("metric_labels") }}),

    -- Twice the standard error of the mean over the folds, as a rough 95 % interval.
    intervals as (
        select
            *,
            score - 2 * deviation / sqrt(nullif(cardinality(fold_scores), 0)) as lower,
            score + 2 * deviation / sqrt(nullif(cardinality(fold_scores), 0)) as upper
        from candidates
    )

select
    -- ids
    intervals.model,
    intervals.candidate,
    intervals.algorithm,

    -- text
    {{ model_label("intervals.model") }} as model_label,
    coalesce(algorithms.label, {{ humanize("intervals.algorithm") }}) as algorithm_label,
    coalesce(metrics.label, {{ humanize("intervals.metric") }}) as metric_label,
    {{ shown_metric("intervals.score", "metrics.unit") }}
    || ' ± '
    || to_char(intervals.deviation::numeric, 'FM990.000') as shown,
    coalesce(algorithms.in_one_sentence, '') as note,

    -- numbers
    intervals.score,
    intervals.deviation,
    intervals.lower,
    intervals.upper,
    intervals.seconds,
    {{ track_position("intervals.score", "metrics.track_low", "metrics.track_high") }} as v_pct,
    {{ track_position("intervals.lower", "metrics.track_low", "metrics.track_high") }} as lo_pct,
    {{ track_position("intervals.upper", "metrics.track_low", "metrics.track_high") }}
    - {{ track_position("intervals.lower", "metrics.track_low", "metrics.track_high") }} as w_pct,
    row_number() over (
        partition by intervals.model
        order by
            intervals.is_baseline,
            case when metrics.better = 'lower' then intervals.score else - intervals.score end,
            intervals.candidate
    ) as sort_order,

    -- booleans
    intervals.is_baseline,
    intervals.chosen
from intervals
left join algorithms on algorithms.algorithm = intervals.algorithm
left join metrics on metrics.metric = intervals.metric
