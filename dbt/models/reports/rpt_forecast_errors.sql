{{ config(materialized="view") }}

{#
    Error and coverage of every forecast in use and of the simple rule in the test steps: of each
    series, and of its steps in up to eight groups.
#}
with
    versions as (
        select
            model,
            (options ->> 'level')::float8 as level,
            ceil((split ->> 'test')::integer / 8.0)::integer as group_width,
            case
                when
                    split ->> 'frequency'
                    in ('minute', 'hour', 'day', 'week', 'month', 'quarter', 'year')
                then split ->> 'frequency'
                else 'step'
            end as period_noun
        from {{ of_champions("model_versions") }} as versions
        where task = 'forecast'
    ),

    algorithms as (select * from {{ ref("algorithm_labels") }}),

    series as (select * from {{ of_champions("forecast_series") }} as series),

    tested as (
        select forecasts.*, (forecasts.step - 1) / versions.group_width as step_group
        from {{ of_champions("forecasts") }} as forecasts
        inner join versions on versions.model = forecasts.model
        where forecasts.part = 'test' and forecasts.actual is not null
    ),

    -- A series without test steps has a row for all of them, so that it is not missing.
    sums as (
        select
            series.model,
            series.position,
            case when grouping(tested.step_group) = 0 then 'steps' else 'all' end as part,
            min(tested.step) as first_step,
            max(tested.step) as last_step,
            sum(abs(tested.actual - tested.forecast)) as total_error,
            sum(abs(tested.actual - tested.baseline)) as simple_total_error,
            sum(abs(tested.actual)) as total,
            avg((tested.actual between tested.lower and tested.upper)::integer)::float8 as inside
        from series
        left join tested on tested.model = series.model and tested.position = series.position
        group by
            grouping sets (
                (series.model, series.position, tested.step_group), (series.model, series.position)
            )
    ),

    -- Where all values are 0 there is no relative error.
    errors as (
        select
            *,
            total_error / nullif(total, 0) as error,
            simple_total_error / nullif(total, 0) as simple_error
        from sums
        where part = 'all' or first_step is not null
    ),

    scaled as (
        select
            *,
            1.05 * max(greatest(error, simple_error)) over (
                partition by model, part, case part when 'steps' then position end
            ) as scale_end,
            rank() over (
                partition by model, part order by total desc nulls last, position
            ) as size_rank
        from errors
    ),

    verdicts as (
        select
            *,
            case
                when total_error < simple_total_error
                then 'forecast better'
                when total_error > simple_total_error
                then 'simple rule better'
                when total_error is null
                then 'not tested'
                else 'equal'
            end as verdict
        from scaled
    )

select
    -- ids
    verdicts.model,
    series.series,
    verdicts.part,
    coalesce(verdicts.first_step, 0) as first_step,

    -- text
    {{ model_label("verdicts.model") }} as model_label,
    case
        when verdicts.part = 'all'
        then 'all'
        when verdicts.first_step = verdicts.last_step
        then versions.period_noun || ' ' || verdicts.first_step
        else versions.period_noun || 's ' || verdicts.first_step || ' to ' || verdicts.last_step
    end as part_label,
    coalesce(
        {{ percent("verdicts.error") }}, {{ short_number("verdicts.total_error") }}, 'not tested'
    ) as value_text,
    coalesce(
        {{ percent("verdicts.simple_error") }},
        {{ short_number("verdicts.simple_total_error") }},
        'not tested'
    ) as simple_text,
    coalesce({{ percent("verdicts.inside") }}, 'not tested') as inside_text,
    {{ percent("versions.level") }} as level_text,
    verdicts.verdict,
    case
        verdicts.verdict
        when 'forecast better'
        then 'good'
        when 'simple rule better'
        then 'watch'
        else 'none'
    end as state,
    coalesce(algorithms.label, {{ humanize("series.algorithm") }}) as algorithm_label,
    coalesce(
        'a rule, because the series is ' || series.reason, 'best in validation'
    ) as choice_text,
    versions.period_noun,

    -- numbers
    verdicts.error,
    verdicts.simple_error,
    verdicts.inside,
    versions.level,
    series.mase,
    series.baseline_mase as simple_mase,
    series.periods,
    {{ track_position("verdicts.error", "0", "verdicts.scale_end") }} as v_pct,
    {{ track_position("verdicts.simple_error", "0", "verdicts.scale_end") }} as base_pct,
    round((100 * verdicts.inside)::numeric, 2) as inside_pct,
    round((100 * versions.level)::numeric, 2) as level_pct,
    -- The largest series first, and the steps of a series in their order.
    case verdicts.part when 'all' then verdicts.size_rank else verdicts.first_step end as sort_order
from verdicts
inner join versions on versions.model = verdicts.model
inner join series on series.model = verdicts.model and series.position = verdicts.position
left join algorithms on algorithms.algorithm = series.algorithm
