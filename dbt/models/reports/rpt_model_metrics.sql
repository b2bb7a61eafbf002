{{ config(materialized="view") }}

with
    metrics as not materialized(
        select *
        from {{ of_champions("metrics") }} as metrics
        where split = 'test' and segment = 'all' and fold is null
    ),

    ours as (select * from metrics where series = 'model'),

    baseline as (select model, metric, value from metrics where series = 'baseline'),

    labels as (select * from {{ ref("metric_labels") }}),

    versions as (
        select model, options ->> 'bootstrap' = '0' as is_without_bootstrap
        from {{ of_champions("model_versions") }} as versions
    ),

    -- A metric without an upper bound has a scale that ends a little beyond the worse value.
    compared as (
        select
            ours.model,
            ours.metric,
            coalesce(labels.label, {{ humanize("ours.metric") }}) as label,
            coalesce(labels.help, '') as help,
            case when ours.higher_is_better then 'higher' else 'lower' end as better,
            coalesce(labels.unit, 'number') as unit,
            coalesce(labels.sort_order, 99) as sort_order,
            coalesce(labels.is_headline, false) as is_headline,
            coalesce(labels.track_low, 0) as track_low,
            coalesce(
                labels.track_high, 1.15 * greatest(ours.value, ours.upper, baseline.value)
            ) as track_high,
            ours.value,
            ours.lower,
            ours.upper,
            baseline.value as baseline,
            case
                when ours.lower is not null
                then null
                when versions.is_without_bootstrap
                then 'no interval was requested'
                else 'no interval is defined'
            end as missing_interval,
            -- Without an interval nothing is said about the baseline, which is not "no difference".
            case
                when baseline.value is null or ours.lower is null
                then 'plain'
                -- The best bias is 0, and the best coverage is the level of the interval.
                when ours.metric in ('bias', 'interval_coverage')
                then 'plain'
                when ours.higher_is_better and ours.lower > baseline.value
                then 'good'
                when not ours.higher_is_better and ours.upper < baseline.value
                then 'good'
                when ours.higher_is_better and ours.upper < baseline.value
                then 'act'
                when not ours.higher_is_better and ours.lower > baseline.value
                then 'act'
                else 'watch'
            end as state
        from ours
        inner join versions on versions.model = ours.model
        left join labels on labels.metric = ours.metric
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
                missing_interval
            ) as interval_text,
            concat_ws(
                ' · ',
                '95 % interval '
                || {{ metric_text("lower", "unit") }}
                || ' to '
                || {{ metric_text("upper", "unit") }},
                missing_interval,
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
                else coalesce(case when baseline is not null then missing_interval end, '')
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
