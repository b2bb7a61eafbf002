{{ config(materialized="view") }}

with
    versions as (select * from {{ of_champions("model_versions") }} as versions),

    features as (
        select versions.model, described.*
        from versions
        cross join
            lateral
            jsonb_to_recordset(versions.features) as described(
                name text,
                kind text,
                rows bigint,
                missing bigint,
                "distinct" bigint,
                min float8,
                median float8,
                mean float8,
                max float8,
                sd float8,
                univariate_auc float8
            )
    ),

    importances as (select model, feature, rank from {{ ref("rpt_feature_importances") }})

select
    -- ids
    features.model,
    features.name as feature,

    -- text
    {{ model_label("features.model") }} as model_label,
    {{ feature_label("features.model", "features.name") }} as feature_label,
    case
        kind
        when 'number'
        then 'Number'
        when 'category'
        then 'Category'
        when 'boolean'
        then 'Yes or no'
        when 'time'
        then 'Point in time'
        when 'text'
        then 'Free text (numbers of words)'
        else {{ humanize("kind") }}
    end as kind_label,

    -- numbers
    rows,
    missing,
    missing / nullif(rows, 0)::float8 as missing_share,
    "distinct" as distinct_values,
    min as minimum,
    median,
    mean,
    max as maximum,
    sd as deviation,
    univariate_auc,
    importances.rank as importance_rank
from features
left join importances on importances.model = features.model and importances.feature = features.name
