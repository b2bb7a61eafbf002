{#
    What the logged forecasts were worth: error and coverage of each version and series in the periods
    that have come since, beside the simple rule from the same cut-off. The version in use also has a
    row for its test. The values come from the newest version's history, so they include later
    corrections.
#}
with
    versions as (select * from {{ of_all_versions("model_versions") }} as versions),

    history as (select * from {{ of_all_versions("forecast_history") }} as history),

    newest as (select model, max(version) as version from history group by model),

    actuals as (
        select history.model, history.series, history.at, history.actual
        from history
        inner join newest on newest.model = history.model and newest.version = history.version
        where not history.is_filled
    ),

    compared as (
        select
            log.model,
            log.model_version,
            log.series,
            log.cut_off,
            log.made_at,
            false as is_test,
            log.forecast,
            log.lower,
            log.upper,
            log.baseline,
            actuals.actual
        from {{ ref("forecast_log") }} as log
        left join
            actuals
            on actuals.model = log.model
            and actuals.series = log.series
            and actuals.at = log.at
        union all
        select
            tested.model,
            tested.version,
            tested.series,
            min(tested.at) over (partition by tested.model, tested.position),
            versions.trained_at,
            true,
            tested.forecast,
            tested.lower,
            tested.upper,
            tested.baseline,
            tested.actual
        from {{ of_champions("forecasts") }} as tested
        inner join versions on versions.model = tested.model and versions.version = tested.version
        where tested.part = 'test'
    ),

    sums as (
        select
            model,
            model_version,
            series,
            cut_off,
            made_at,
            is_test,
            count(*) as steps,
            count(actual) as realised,
            sum(abs(actual - forecast)) / nullif(sum(abs(actual)), 0) as error,
            sum(abs(actual - baseline)) / nullif(sum(abs(actual)), 0) as simple_error,
            avg((actual between lower and upper)::integer)::float8 as inside
        from compared
        group by model, model_version, series, cut_off, made_at, is_test
        having count(actual) > 0
    )

select
    -- ids
    sums.model,
    sums.model_version,
    sums.series,

    -- text
    {{ model_label("sums.model") }} as model_label,
    case
        when is_test
        then 'Test of version ' || model_version || ', from '
        else 'Version ' || model_version || ', after '
    end || to_char(
        cut_off at time zone coalesce(versions.split ->> 'time_zone', 'UTC'), 'FMDD Mon YYYY'
    ) as made_text,
    realised || ' of ' || steps || ' values are known' as realised_text,
    coalesce({{ percent("error") }}, 'not defined') as value_text,
    coalesce({{ percent("simple_error") }}, 'not defined') as simple_text,
    {{ percent("inside") }} as inside_text,
    case
        when error < simple_error
        then 'forecast better'
        when error > simple_error
        then 'simple rule better'
        else 'equal'
    end as verdict,
    case
        when error < simple_error then 'good' when error > simple_error then 'watch' else 'none'
    end as state,

    -- numbers
    steps,
    realised,
    error,
    simple_error,
    inside,
    row_number() over (
        partition by sums.model, series order by is_test, cut_off desc, made_at desc
    ) as newest_rank,

    -- booleans
    is_test,

    -- dates
    cut_off,
    made_at
from sums
left join versions on versions.model = sums.model and versions.version = sums.model_version
