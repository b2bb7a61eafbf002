{{ config(materialized="view") }}

{#
    The separation of the groups on different parts of the cases and, where it was measured, their
    stability: whether other samples give the same groups. Separated groups need not be stable.
#}
with
    candidates as (
        select *
        from {{ of_champions("candidates") }} as candidates
        where chosen and not is_baseline
    ),

    versions as (
        select * from {{ of_champions("model_versions") }} as versions where task = 'clustering'
    ),

    folds as (
        select candidates.model, scores.score, scores.fold
        from candidates
        inner join versions on versions.model = candidates.model
        cross join lateral unnest(candidates.fold_scores)
        with ordinality as scores(score, fold)
    ),

    stability as (
        select model, max(value) as agreement
        from {{ of_champions("metrics") }} as metrics
        where metric = 'stability' and segment = 'all' and series = 'model' and fold is null
        group by model
    ),

    compared as (
        select
            folds.*,
            max(score) over (partition by folds.model)
            - min(score) over (partition by folds.model) as spread,
            stability.agreement
        from folds
        left join stability on stability.model = folds.model
    )

select
    -- ids
    model,

    -- text
    {{ model_label("model") }} as model_label,
    'Part ' || fold || ' of the cases' as fold_label,
    to_char(score::numeric, 'FM990.000') as value_text,
    'The highest and the lowest differ by '
    || to_char(spread::numeric, 'FM990.000')
    || ': '
    || case
        when spread < 0.05
        then 'the groups are equally well separated in every part.'
        when spread < 0.15
        then 'the groups are better separated in some parts than in others.'
        else 'the separation depends on which cases are looked at.'
    end
    || coalesce(
        ' Groups computed from other samples agree with these at '
        || to_char(agreement::numeric, 'FM990.00')
        || ' (1: the same groups, 0: chance): '
        || case
            when agreement >= 0.8
            then 'the groups are stable.'
            when agreement >= 0.5
            then 'the groups are partly stable.'
            else 'the groups are mostly a product of chance.'
        end,
        ' Stability across samples was not measured.'
    ) as verdict,

    -- numbers
    score,
    spread,
    {{ track_position("score", "-0.2", "1") }} as v_pct,
    fold as sort_order
from compared
