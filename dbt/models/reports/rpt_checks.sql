{{ config(materialized="view") }}

{#
    The checks of each model: those of its champion, or of its newest version where it has no
    champion.
#}
with
    versions as (
        select distinct on (model) model, version, status, task
        from {{ of_all_versions("model_versions") }} as versions
        order by model, status = 'champion' desc, version desc
    ),

    checks as (select * from {{ of_all_versions("checks") }} as checks),

    outcomes as (
        select
            versions.*,
            coalesce(checks.position, 1) as position,
            coalesce(checks.code, 'none') as code,
            coalesce(checks.severity, 'not_applicable') as severity,
            coalesce(checks.title, 'No check') as title,
            checks.column_name,
            coalesce(
                checks.message,
                case
                    versions.task
                    when 'forecast'
                    then 'The checks look at rows and measurements, which a forecast does not have.'
                    else 'This version was trained before the checks existed: train it again.'
                end
            ) as message,
            checks.remedy
        from versions
        left join checks on checks.model = versions.model and checks.version = versions.version
    )

select
    -- ids
    model,
    version,
    position,
    code,

    -- text
    {{ model_label("model") }} as model_label,
    'Version ' || version || ' (' || status || ')' as version_label,
    title,
    severity,
    case severity when 'not_applicable' then 'not applicable' else severity end as result,
    case
        severity
        when 'issue'
        then 'act'
        when 'tip'
        then 'watch'
        when 'passed'
        then 'good'
        else 'plain'
    end as state,
    case
        when column_name is null
        then 'Whole training'
        else {{ feature_label("outcomes.model", "outcomes.column_name") }}
    end as column_label,
    message,
    coalesce(remedy, '') as remedy,

    -- numbers
    case
        when code = 'none'
        then 2
        when severity = 'issue'
        then 0
        when severity = 'tip'
        then 1
        when severity = 'passed'
        then 2
        else 3
    end as urgency
from outcomes
