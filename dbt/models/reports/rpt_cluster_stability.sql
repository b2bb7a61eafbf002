{# The separation of the groups found on different parts of the cases: stable, or luck? #}
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

    compared as (
        select
            *, max(score) over (partition by model) - min(score) over (partition by model) as spread
        from folds
    )

select
    -- ids
    model,

    -- text
    {{ model_label("model") }} as model_label,
    'Part ' || fold || ' of the cases' as fold_label,
    to_char(score::numeric, 'FM990.000') as shown,
    'Highest and lowest are '
    || to_char(spread::numeric, 'FM990.000')
    || ' apart: '
    || case
        when spread < 0.05
        then 'the groups are found again everywhere.'
        when spread < 0.15
        then 'the groups are found again, more or less clearly.'
        else 'what is found depends on which cases are looked at.'
    end as verdict,

    -- numbers
    score,
    spread,
    {{ track_position("score", "-0.2", "1") }} as v_pct,
    fold as sort_order
from compared
