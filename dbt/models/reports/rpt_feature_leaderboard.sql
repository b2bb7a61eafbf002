{# Which group each feature is from and whose it is, from the manifest. -#}
{%- set known = [] -%}
{%- for name in var("trained_models") -%}
    {%- do ref(name) -%}
    {%- if execute -%}
        {%- for feature in feature_columns(name) -%}
            {%- do known.append({"model": registry_name(name), "feature": feature}) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endfor -%}

with
    groups(model, feature, feature_group, owner, description) as (
        values
            (null::text, null::text, null::text, null::text, null::text)
            {% for each in known %}
                ,
                (
                    {{ sql_text(each.model) }},
                    {{ sql_text(each.feature.name) }},
                    {{ sql_text(each.feature.group) }},
                    {{ sql_text(each.feature.owner) }},
                    {{ sql_text(each.feature.description) }}
                )
            {% endfor %}
    ),

    importances as (
        select facts.*
        from {{ source("ml", "importances") }} as facts
        inner join
            {{ source("ml", "model_versions") }} as champions
            on champions.model = facts.model
            and champions.version = facts.version
        where
            champions.status = 'champion'
            and facts.method = 'permutation'
            and {{ is_own_model("champions.model") }}
    )

select
    -- ids
    importances.model,
    importances.feature,

    -- text
    {{ model_label("importances.model") }} as model_label,
    {{ humanize("importances.feature") }} as feature_label,
    coalesce(groups.feature_group, 'computed in the model') as feature_group,
    coalesce(groups.owner, 'nobody') as owner,
    groups.description,
    importances.metric,

    -- numbers
    importances.mean as importance,
    coalesce(
        greatest(importances.mean, 0)
        / nullif(sum(greatest(importances.mean, 0)) over (partition by importances.model), 0),
        0
    ) as share,
    importances.rank
from importances
left join groups on groups.model = importances.model and groups.feature = importances.feature
