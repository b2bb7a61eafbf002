{{ config(materialized="view") }}

{# The deciding metric by segment of the cases. #}
with
    versions as (select * from {{ of_champions("model_versions") }} as versions),

    -- The steps of a forecast are on its own page.
    metrics as not materialized(
        select metrics.*
        from {{ of_champions("metrics") }} as metrics
        inner join versions on versions.model = metrics.model
        where
            metrics.split = 'test'
            and metrics.fold is null
            and (versions.task <> 'forecast' or metrics.segment not like 'step = %')
    ),

    -- A model without segments has one row for all cases.
    parted as (select distinct model from metrics where segment <> 'all'),

    overall as (select * from {{ ref("rpt_model_metrics") }}),

    labels as (select * from {{ ref("metric_labels") }}),

    segments as (
        select
            ours.model,
            ours.metric,
            labels.label,
            labels.unit,
            case
                ours.segment when 'all' then 'all cases' else split_part(ours.segment, ' = ', 1)
            end as segment_column,
            case
                ours.segment
                when 'all'
                then 'no segments were defined'
                else substr(ours.segment, strpos(ours.segment, ' = ') + 3)
            end as segment_value,
            ours.segment,
            ours.value,
            ours.lower,
            ours.upper,
            baseline.value as baseline,
            overall.value as overall_value,
            overall.value_text as overall_text,
            labels.track_low,
            coalesce(
                labels.track_high,
                1.05 * max(greatest(ours.value, ours.upper, baseline.value)) over (
                    partition by ours.model, ours.metric
                )
            ) as track_high
        from metrics as ours
        inner join versions on versions.model = ours.model
        inner join labels on labels.metric = ours.metric
        left join
            metrics as baseline
            on baseline.model = ours.model
            and baseline.segment = ours.segment
            and baseline.metric = ours.metric
            and baseline.series = 'baseline'
        left join overall on overall.model = ours.model and overall.metric = ours.metric
        left join parted on parted.model = ours.model
        where
            ours.series = 'model'
            and (ours.segment <> 'all' or parted.model is null)
            and ours.value is not null
            and ours.metric
            = case when versions.task = 'regression' then 'wape' else versions.metric end
    )

select
    -- ids
    model,
    segment,

    -- text
    {{ model_label("model") }} as model_label,
    {{ feature_label("segments.model", "segments.segment_column") }} as segment_column_label,
    segment_value,
    label as metric_label,
    {{ metric_text("value", "unit") }} as value_text,
    coalesce({{ metric_text("baseline", "unit") }}, 'none') as baseline_text,
    coalesce(overall_text, '') as overall_text,

    -- numbers
    value,
    lower,
    upper,
    baseline,
    {{ track_position("value", "track_low", "track_high") }} as v_pct,
    {{ track_position("lower", "track_low", "track_high") }} as lo_pct,
    {{ track_position("upper", "track_low", "track_high") }}
    - {{ track_position("lower", "track_low", "track_high") }} as w_pct,
    {{ track_position("baseline", "track_low", "track_high") }} as base_pct,
    row_number() over (
        partition by model
        order by
            segment_column,
            case when segment_value ~ '^-?[0-9]+(\.[0-9]+)?$' then segment_value::numeric end,
            segment_value
    ) as sort_order
from segments
