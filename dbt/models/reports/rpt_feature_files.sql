{{ config(materialized="view") }}
{#
    The files of features of each model node, with the owner, the status, and what the last contest
    measured (ml.contest). Files come from dbt's manifest, measurements from the registry.
-#}
{%- set files = [] -%}
{%- for name in trained_models() -%}
    {%- do ref_trained(name) -%}
    {%- if execute -%}
        {%- for node in ancestors(model_node(name).unique_id) if node.config.get("meta", {}).get("feature_group") -%}
            {%- do files.append({"model": registry_name(name), "node": node}) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endfor -%}

with
    files(model, file, feature_group, owner, is_open, description) as (
        values
            (null::text, null::text, null::text, null::text, null::boolean, null::text)
            {% for file in files %}
                ,
                (
                    {{ sql_text(file.model) }},
                    {{ sql_text(file.node.name) }},
                    {{ sql_text(file.node.config.meta.feature_group) }},
                    {{ sql_text(file.node.config.meta.get("owner", "nobody")) }},
                    {{ is_wanted(file.node) }},
                    {{ sql_text(file.node.description.strip()) }}
                )
            {% endfor %}
    ),

    latest as (
        select distinct on (model, feature_group) *
        from {{ source("ml", "contests") }}
        order by model, feature_group, measured_at desc
    ),

    metrics as (select * from {{ ref("metric_labels") }}),

    measured as (
        select
            files.*,
            latest.difference,
            latest.lower,
            latest.upper,
            latest.verdict,
            latest.measured_at,
            coalesce(metrics.label, {{ humanize("latest.metric") }}) as metric_label,
            max(abs(latest.difference)) over (partition by files.model) as largest
        from files
        left join
            latest
            on latest.model = files.model
            and latest.feature_group = files.feature_group
            and not files.is_open
        left join metrics on metrics.metric = latest.metric
        where files.model is not null
    )

select
    -- ids
    model,
    file,

    -- text
    {{ model_label("model") }} as model_label,
    feature_group,
    {{ humanize("feature_group") }} as group_label,
    owner,
    description,
    case
        when is_open then 'open task' when verdict is null then 'not measured' else verdict
    end as status,
    case
        when is_open
        then 'watch'
        when verdict = 'adds'
        then 'good'
        when verdict = 'harms'
        then 'act'
        else 'plain'
    end as state,
    coalesce(to_char(difference::numeric, 'S0.0000'), '') as difference_text,
    case
        when is_open
        then 'Nobody has finished this file.'
        when verdict is null
        then 'make contest measures what it adds.'
        else
            metric_label
            || ', difference of '
            || to_char(lower::numeric, 'S0.0000')
            || ' to '
            || to_char(upper::numeric, 'S0.0000')
    end as note,

    -- numbers
    difference,
    lower,
    upper,
    coalesce(round((100 * greatest(difference, 0) / nullif(largest, 0))::numeric, 1), 0) as bar_pct,
    row_number() over (
        partition by model order by is_open, difference desc nulls last, file
    ) as sort_order,

    -- booleans
    is_open,

    -- times
    measured_at
from measured
