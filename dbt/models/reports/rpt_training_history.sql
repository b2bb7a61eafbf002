{# Every version of every model ever trained here, with its score beside the simple rule. #}
with
    versions as (select * from {{ of_all_versions("model_versions") }} as versions),

    algorithms as (select * from {{ ref("algorithm_labels") }}),

    metrics as (select * from {{ ref("metric_labels") }})

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
        when 'challenger'
        then 'tried, not in use'
        else 'was in use'
    end as status_label,
    coalesce(algorithms.label, {{ humanize("versions.algorithm") }}) as algorithm_label,
    coalesce(metrics.label, {{ humanize("versions.metric") }}) as metric_label,
    {{ shown_metric("versions.score", "metrics.unit") }} as shown,
    coalesce(
        {{ shown_metric("versions.lower", "metrics.unit") }}
        || ' to '
        || {{ shown_metric("versions.upper", "metrics.unit") }},
        'not known'
    ) as shown_interval,
    coalesce({{ shown_metric("versions.baseline", "metrics.unit") }}, 'none') as shown_baseline,
    case
        when versions.comparison is null
        then 'no comparison was asked for'
        when versions.comparison ? 'not_comparable'
        then 'version ' || (versions.comparison ->> 'champion') || ' could not be compared'
        else
            {{ shown_metric("(versions.comparison ->> 'score')::float8", "metrics.unit") }}
            || ' beside '
            ||
            {{ shown_metric("(versions.comparison ->> 'champion_score')::float8", "metrics.unit") }}
            || ' of version '
            || (versions.comparison ->> 'champion')
    end as decision,
    left(coalesce(versions.git_commit, ''), 8) as git_commit,

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
from versions
left join algorithms on algorithms.algorithm = versions.algorithm
left join metrics on metrics.metric = versions.metric
