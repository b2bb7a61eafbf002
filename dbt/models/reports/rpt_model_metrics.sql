with
    metrics as (
        select *
        from {{ of_champions("metrics") }} as metrics
        where split = 'test' and segment = 'all' and fold is null
    ),

    ours as (select * from metrics where series = 'model'),

    baseline as (select model, metric, value from metrics where series = 'baseline'),

    labels as (select * from {{ ref("metric_labels") }}),

    -- A metric without an upper bound has a scale that ends a little beyond the worse value.
    compared as (
        select
            ours.model,
            labels.metric,
            labels.label,
            labels.help,
            labels.better,
            labels.unit,
            labels.sort_order,
            labels.is_headline,
            labels.track_low,
            coalesce(
                labels.track_high, 1.15 * greatest(ours.value, ours.upper, baseline.value)
            ) as track_high,
            ours.value,
            ours.lower,
            ours.upper,
            baseline.value as baseline,
            case
                when baseline.value is null
                then 'plain'
                when ours.lower is null
                then 'watch'
                when labels.better = 'higher' and ours.lower > baseline.value
                then 'good'
                when labels.better = 'lower' and ours.upper < baseline.value
                then 'good'
                when labels.better = 'higher' and ours.upper < baseline.value
                then 'act'
                when labels.better = 'lower' and ours.lower > baseline.value
                then 'act'
                else 'watch'
            end as state
        from ours
        inner join labels on labels.metric = ours.metric
        left join baseline on baseline.model = ours.model and baseline.metric = ours.metric
    ),

    labelled as (
        select
            -- ids
            model,
            metric,

            -- text
            {{ model_label("model") }} as model_label,
            label,
            help,
            better,
            {{ metric_text("value", "unit") }} as value_text,
            coalesce({{ metric_text("baseline", "unit") }}, 'none') as baseline_text,
            coalesce(
                {{ metric_text("lower", "unit") }} || ' to ' || {{ metric_text("upper", "unit") }},
                'not known'
            ) as interval_text,
            concat_ws(
                ' · ',
                '95 % interval '
                || {{ metric_text("lower", "unit") }}
                || ' to '
                || {{ metric_text("upper", "unit") }},
                'simple rule ' || {{ metric_text("baseline", "unit") }}
            ) as note,
            case
                state
                when 'good'
                then 'better than the simple rule'
                when 'act'
                then 'worse than the simple rule'
                when 'watch'
                then 'no clear difference'
                else ''
            end as verdict,
            state,

            -- numbers
            value,
            lower,
            upper,
            baseline,
            {{ track_position("lower", "track_low", "track_high") }} as lo_pct,
            {{ track_position("upper", "track_low", "track_high") }}
            - {{ track_position("lower", "track_low", "track_high") }} as w_pct,
            {{ track_position("value", "track_low", "track_high") }} as v_pct,
            {{ track_position("baseline", "track_low", "track_high") }} as base_pct,
            sort_order,

            -- booleans
            is_headline
        from compared
    )

select *
from labelled
