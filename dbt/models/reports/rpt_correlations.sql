{{ config(materialized="view") }}

{# Correlated pairs of measurements of a model, in both orders, so that the matrix is complete. #}
with
    correlations as (select * from {{ of_champions("correlations") }} as correlations),

    versions as (select * from {{ of_champions("model_versions") }} as versions),

    importances as (select model, feature, rank from {{ ref("rpt_feature_importances") }}),

    -- Of the two measures for numbers, the rank correlation is robust to a few extreme values.
    pairs as not materialized(
        select
            correlations.model,
            correlations.feature,
            correlations.other,
            correlations.method,
            correlations.value,
            correlations.n,
            coalesce(correlations.other = versions.target, false) as with_outcome
        from correlations
        inner join versions on versions.model = correlations.model
        where correlations.method <> 'pearson' and correlations.value is not null
    ),

    both_ways as (
        select *
        from pairs
        union all
        select model, other, feature, method, value, n, with_outcome
        from pairs
        where not with_outcome
    ),

    ranked as (
        select
            *,
            row_number() over (
                partition by model, with_outcome order by abs(value) desc, feature, other
            ) as strength_rank
        from both_ways
    )

select
    -- ids
    both_ways.model,
    both_ways.feature,
    both_ways.other,

    -- text
    {{ model_label("both_ways.model") }} as model_label,
    {{ feature_label("both_ways.model", "both_ways.feature") }} as feature_label,
    {{ feature_label("both_ways.model", "both_ways.other") }} as other_label,
    case
        both_ways.method
        when 'spearman'
        then 'Rank correlation'
        when 'cramers_v'
        then 'Association (Cramér)'
        else 'Correlation ratio'
    end as method_label,
    to_char(both_ways.value::numeric, 'FM0.00') as value_text,
    case
        when both_ways.value >= 0.8
        then 'up-strongly'
        when both_ways.value >= 0.4
        then 'up'
        when both_ways.value <= -0.8
        then 'down-strongly'
        when both_ways.value <= -0.4
        then 'down'
        else 'apart'
    end as direction,
    case
        when both_ways.with_outcome and abs(both_ways.value) >= 0.9
        then 'suspiciously strong: possible leakage'
        when abs(both_ways.value) >= 0.8
        then 'nearly redundant'
        when abs(both_ways.value) >= 0.4
        then 'related'
        when abs(both_ways.value) >= 0.2
        then 'weakly related'
        else 'unrelated'
    end as verdict,

    -- numbers
    round(both_ways.value::numeric, 2) as value,
    round((100 * abs(both_ways.value))::numeric, 1) as bar_pct,
    both_ways.n,
    both_ways.strength_rank,
    importances.rank as feature_rank,
    other_importances.rank as other_rank,

    -- booleans
    both_ways.with_outcome,
    both_ways.feature < both_ways.other as is_once,
    -- The first cell of a row carries the name of the row.
    other_importances.rank = case importances.rank when 1 then 2 else 1 end as is_first
from ranked as both_ways
left join
    importances on importances.model = both_ways.model and importances.feature = both_ways.feature
left join
    importances as other_importances
    on other_importances.model = both_ways.model
    and other_importances.feature = both_ways.other
