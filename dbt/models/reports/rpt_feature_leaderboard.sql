{{ config(materialized="view") }}

{# The importance of each measurement for each model, with its group and its owner. #}
with
    features as (select * from {{ ref("rpt_features") }}),

    importances as (
        select * from {{ of_champions("importances") }} as facts where method = 'permutation'
    )

select
    -- ids
    importances.model,
    importances.feature,

    -- text
    {{ model_label("importances.model") }} as model_label,
    coalesce(features.feature_label, {{ humanize("importances.feature") }}) as feature_label,
    coalesce(features.feature_group, 'computed in the model') as feature_group,
    coalesce(features.owner, 'nobody') as owner,
    features.description,
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
left join features on features.model = importances.model and features.feature = importances.feature
