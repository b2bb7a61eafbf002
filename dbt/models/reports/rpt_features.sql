{{ config(in_place=true, indexes=[{"columns": ["model", "feature"]}]) }}
{#
    The label, group and owner of each measurement of each model: from dbt's manifest where a feature
    table has the column, else derived from its name, as for a model trained by hand. Every other
    report takes its labels from here (macro feature_label).
-#}
{%- set documented_columns = {} -%}
{%- for name in trained_models() -%}
    {%- do ref_trained(name) -%}
    {%- if execute -%}
        {%- for feature in feature_columns(name) -%}
            {%- do documented_columns.setdefault((registry_name(name), feature.name), feature) -%}
        {%- endfor -%}
        {%- set node = model_node(name) -%}
        {%- if node.config.meta.get("target_label") -%}
            {%- do documented_columns.update(
                {
                    (registry_name(name), node.config.target): {
                        "label": node.config.meta.target_label,
                        "group": none,
                        "owner": none,
                        "description": none,
                    }
                }
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endfor -%}

with
    documented(model, feature, feature_label, feature_group, owner, description) as (
        values
            (null::text, null::text, null::text, null::text, null::text, null::text)
            {% for name, feature in documented_columns.items() %}
                ,
                (
                    {{ sql_text(name[0]) }},
                    {{ sql_text(name[1]) }},
                    {{ sql_text(feature.label) }},
                    {{ sql_text(feature.group) }},
                    {{ sql_text(feature.owner) }},
                    {{ sql_text(feature.description) }}
                )
            {% endfor %}
    ),

    versions as (select * from {{ of_champions("model_versions") }} as versions),

    columns as (
        select versions.model, entries.entry ->> 'name' as feature
        from versions
        cross join lateral jsonb_array_elements(versions.features) as entries(entry)
        union
        select model, target
        from versions
        where target is not null
    ),

    labelled as (
        select
            columns.*,
            coalesce(documented.feature_label, {{ humanize("columns.feature") }}) as feature_label,
            coalesce(documented.feature_group, 'computed in the model') as feature_group,
            coalesce(documented.owner, 'nobody') as owner,
            documented.description
        from columns
        left join
            documented on documented.model = columns.model and documented.feature = columns.feature
    )

select
    -- ids
    model,
    feature,

    -- text
    {{ model_label("model") }} as model_label,
    feature_label,
    {{ within_sentence("feature_label") }} as feature_phrase,
    feature_group,
    owner,
    description
from labelled
