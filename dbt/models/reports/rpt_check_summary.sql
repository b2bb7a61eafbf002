{{ config(materialized="view") }}

{# How many checks of each model found an issue or a tip, and the sentence that says so. #}
with
    checks as (select * from {{ ref("rpt_checks") }}),

    counted_checks as (
        select
            model,
            version,
            model_label,
            version_label,
            count(*) filter (where severity = 'issue') as issues,
            count(*) filter (where severity = 'tip') as tips,
            count(distinct code) filter (
                where severity in ('issue', 'tip')
            ) as checks_with_findings,
            count(*) filter (where severity = 'passed') as passed,
            count(*) filter (where severity = 'not_applicable') as not_applicable,
            string_agg(distinct title, ', ') filter (where severity = 'issue') as issue_titles
        from checks
        group by model, version, model_label, version_label
    )

select
    -- ids
    model,
    version,

    -- text
    model_label,
    version_label,
    case
        when passed + checks_with_findings = 0
        then 'This version has no checks'
        when issues > 0
        then 'The checks found '
        else 'The checks found no issue and '
    end as lead,
    case
        when passed + checks_with_findings = 0
        then ''
        when issues > 0
        then {{ plural("issues", "issue") }}
        when tips = 0
        then 'no tip'
        else {{ plural("tips", "tip") }}
    end as number,
    case
        when issues > 0 and tips > 0 then ' and ' || {{ plural("tips", "tip") }} || '.' else '.'
    end as rest,
    'An issue can make the result wrong or useless; a tip is worth a look. '
    || passed
    || ' checks passed; '
    || not_applicable
    || ' not applicable to this model.' as subline,
    coalesce(issue_titles, 'no issue') as issue_titles,
    case
        when issues > 0
        then 'act'
        when tips > 0
        then 'watch'
        when passed > 0
        then 'good'
        else 'plain'
    end as state,
    case
        when issues > 0
        then {{ plural("issues", "issue") }}
        when tips > 0
        then {{ plural("tips", "tip") }}
        when passed > 0
        then 'all passed'
        else 'not checked'
    end as verdict,

    -- numbers
    issues,
    tips,
    passed,
    not_applicable,
    round(100.0 * passed / nullif(passed + checks_with_findings, 0)) as passed_pct,
    row_number() over (order by issues desc, tips desc, model) as sort_order
from counted_checks
