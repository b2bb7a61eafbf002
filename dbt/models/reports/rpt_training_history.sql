{{ config(materialized="view") }}

{# Every version of every model, with its score and that of the simple rule. #}
with
    versions as (select * from {{ of_all_versions("model_versions") }} as versions),

    algorithms as (select * from {{ ref("algorithm_labels") }}),

    metrics as (select * from {{ ref("metric_labels") }}),

    directions as (
        select distinct model, version, metric, higher_is_better
        from {{ of_all_versions("metrics") }} as metrics
    ),

    compared as (
        select
            versions.*,
            case
                when versions.baseline is null
                then 'nothing to compare'
                when versions.lower is null and versions.options ->> 'bootstrap' = '0'
                then 'no interval requested'
                when versions.lower is null
                then 'no interval defined'
                when not directions.higher_is_better and versions.upper < versions.baseline
                then 'better'
                when directions.higher_is_better and versions.lower > versions.baseline
                then 'better'
                when versions.baseline between versions.lower and versions.upper
                then 'no proof'
                else 'worse'
            end as baseline_verdict,
            directions.higher_is_better
        from versions
        left join
            directions
            on directions.model = versions.model
            and directions.version = versions.version
            and directions.metric = versions.metric
    )

select
    -- ids
    versions.model,
    versions.version,

    -- text
    {{ model_label("versions.model") }} as model_label,
    'Version ' || versions.version as version_label,
    versions.status,
    case
        versions.status
        when 'champion'
        then 'in use'
        when 'candidate'
        then 'candidate, not in use'
        when 'rejected'
        then 'rejected, not in use'
        else 'archived'
    end as status_label,
    versions.rejection ->> 'test' as failed_test,
    versions.rejection ->> 'subject' as failed_subject,
    versions.rejection ->> 'value' as failed_value,
    versions.rejection ->> 'limit' as failed_limit,
    coalesce(algorithms.label, {{ humanize("versions.algorithm") }}) as algorithm_label,
    coalesce(metrics.label, {{ humanize("versions.metric") }}) as metric_label,
    {{ metric_text("versions.score", "metrics.unit") }} as value_text,
    coalesce(
        {{ metric_text("versions.lower", "metrics.unit") }}
        || ' to '
        || {{ metric_text("versions.upper", "metrics.unit") }},
        case versions.options ->> 'bootstrap' when '0' then 'not requested' else 'not defined' end
    ) as interval_text,
    coalesce({{ metric_text("versions.baseline", "metrics.unit") }}, 'none') as baseline_text,
    case
        when versions.comparison is null
        then case versions.version when 1 then 'first version' else 'not compared' end
        when versions.comparison ? 'not_comparable'
        then 'not comparable with version ' || (versions.comparison ->> 'champion')
        else
            {{ metric_text("(versions.comparison ->> 'score')::float8", "metrics.unit") }}
            || ' against '
            ||
            {{ metric_text("(versions.comparison ->> 'champion_score')::float8", "metrics.unit") }}
            || ' of version '
            || (versions.comparison ->> 'champion')
    end as decision,
    left(coalesce(versions.git_commit, ''), 8) as git_commit,
    -- The headline of its model card, in three parts so that the number can be highlighted.
    'Version '
    || versions.version
    || case
        versions.status
        when 'champion'
        then ' is in use: '
        when 'candidate'
        then ' is a candidate and not in use: '
        when 'rejected'
        then ' was rejected: '
        else ' is archived: '
    end
    || replace(
        {{ within_sentence("coalesce(metrics.label, versions.metric)") }}, ', lower is better', ''
    )
    || ' ' as lead,
    {{ metric_text("versions.score", "metrics.unit") }} as number,
    ' on ' || case
        versions.rows_test
        when 0
        then 'the ' || {{ counted("versions.rows_train") }} || ' cases it was trained on'
        else {{ counted("versions.rows_test") }} || ' cases it had never seen'
    end
    || coalesce(', the simple rule ' || {{ metric_text("versions.baseline", "metrics.unit") }}, '')
    || '.' as rest,
    case when not versions.higher_is_better then 'Lower is better. ' else '' end || case
        versions.baseline_verdict
        when 'nothing to compare'
        then 'There is no simple rule to compare it with.'
        when 'no interval requested'
        then
            'No 95 % interval was requested (bootstrap is 0), so nothing is said about the simple rule.'
        when 'no interval defined'
        then 'This score has no 95 % interval, so nothing is said about the simple rule.'
        when 'better'
        then 'The simple rule lies outside the 95 % interval: this version is clearly better.'
        when 'worse'
        then 'The simple rule lies outside the 95 % interval: this version is clearly worse.'
        else 'The 95 % interval includes the simple rule: it is not proven to be better.'
    end as subline,

    -- numbers
    versions.score,
    versions.lower,
    versions.upper,
    versions.baseline,
    versions.rows_train,
    versions.rows_test,
    versions.seconds,
    versions.peak_memory_mb,
    row_number() over (partition by versions.model order by versions.version desc) as newest_rank,

    -- booleans
    versions.status = 'champion' as is_champion,

    -- dates
    versions.trained_at
from compared as versions
left join algorithms on algorithms.algorithm = versions.algorithm
left join metrics on metrics.metric = versions.metric
