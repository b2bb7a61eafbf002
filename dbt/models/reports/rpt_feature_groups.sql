{{ config(materialized="view") }}

{# The share of a model's feature importance by group of features and by owner. #}
with
    features as (select * from {{ ref("rpt_feature_leaderboard") }} where share is not null),

    sums as (
        select
            model,
            model_label,
            'group' as part,
            feature_group as name,
            sum(share) as share,
            count(*) as features
        from features
        group by model, model_label, feature_group
        union all
        select model, model_label, 'owner', owner, sum(share), count(*)
        from features
        group by model, model_label, owner
    )

select
    -- ids
    model,
    part,
    name,

    -- text
    model_label,
    {{ humanize("name") }} as label,
    {{ percent("share") }} as value_text,
    features || case features when 1 then ' measurement' else ' measurements' end as note,

    -- numbers
    share,
    features,
    round(
        (100 * share / nullif(max(share) over (partition by model, part), 0))::numeric, 1
    ) as bar_pct,
    row_number() over (partition by model, part order by share desc, name) as sort_order
from sums
