{{ config(materialized="view") }}

with
    -- A candidate that failed has an error instead of a score.
    candidates as (
        select * from {{ of_champions("candidates") }} as candidates where error is null
    ),

    algorithms as (select * from {{ ref("algorithm_labels") }}),

    metrics as (select * from {{ ref("metric_labels") }}),

    versions as (select model, task from {{ of_champions("model_versions") }} as versions),

    directions as (
        select distinct model, metric, higher_is_better
        from {{ of_champions("metrics") }} as metrics
    ),

    -- The spread over the folds. It is no interval of the mean: the folds share training rows, so
    -- their scores are not independent.
    bounded as (
        select
            candidates.*,
            versions.task,
            directions.higher_is_better,
            candidates.score - candidates.deviation as lower,
            candidates.score + candidates.deviation as upper
        from candidates
        inner join versions on versions.model = candidates.model
        left join
            directions
            on directions.model = candidates.model
            and directions.metric = candidates.metric
    ),

    -- A metric in the unit of the outcome has no upper bound: the scale ends at the worst value.
    intervals as (
        select
            bounded.*,
            coalesce(metrics.track_low, 0) as track_low,
            coalesce(
                metrics.track_high,
                1.05 * max(greatest(bounded.score, bounded.upper)) over (partition by bounded.model)
            ) as track_high
        from bounded
        left join metrics on metrics.metric = bounded.metric
    )

select
    -- ids
    intervals.model,
    intervals.candidate,
    intervals.algorithm,

    -- text
    {{ model_label("intervals.model") }} as model_label,
    coalesce(algorithms.label, {{ humanize("intervals.algorithm") }}) as algorithm_label,
    -- Shown only where several candidates share an algorithm.
    case
        when count(*) over (partition by intervals.model, intervals.algorithm) > 1
        then regexp_replace(replace(intervals.params::text, '_', ' '), '[{}"]', '', 'g')
        else ''
    end as settings,
    coalesce(metrics.label, {{ humanize("intervals.metric") }}) as metric_label,
    {{ within_sentence("coalesce(metrics.label, intervals.metric)") }} || case
        when not intervals.higher_is_better and metrics.label !~ 'lower is better'
        then ', lower is better,'
        else ''
    end as metric_phrase,
    coalesce(
        {{ metric_text("intervals.score", "metrics.unit") }}
        || coalesce(' ± ' || to_char(intervals.deviation::numeric, 'FM990.000'), ''),
        'no score'
    ) as value_text,
    case
        when not intervals.is_baseline or intervals.algorithm <> 'dummy'
        then coalesce(algorithms.in_one_sentence, '')
        when intervals.task = 'regression'
        then 'Always predicts one typical value of the training rows and ignores the measurements.'
        when intervals.task = 'outliers'
        then 'Finds no case more unusual than another and ignores the measurements.'
        else 'Always predicts the class shares of the training rows and ignores the measurements.'
    end as note,

    -- numbers
    intervals.score,
    intervals.deviation,
    intervals.lower,
    intervals.upper,
    intervals.seconds,
    {{ track_position("intervals.score", "intervals.track_low", "intervals.track_high") }} as v_pct,
    {{ track_position("intervals.lower", "intervals.track_low", "intervals.track_high") }}
    as lo_pct,
    {{ track_position("intervals.upper", "intervals.track_low", "intervals.track_high") }}
    - {{ track_position("intervals.lower", "intervals.track_low", "intervals.track_high") }}
    as w_pct,
    row_number() over (
        partition by intervals.model
        order by
            intervals.is_baseline,
            case when intervals.higher_is_better then - intervals.score else intervals.score end,
            intervals.candidate
    ) as sort_order,

    -- booleans
    intervals.is_baseline,
    intervals.chosen
from intervals
left join algorithms on algorithms.algorithm = intervals.algorithm
left join metrics on metrics.metric = intervals.metric
