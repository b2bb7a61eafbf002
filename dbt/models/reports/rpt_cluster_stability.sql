{#
    The separation of the groups on different parts of the cases, and, where it was measured, whether
    the same groups are found again: how far two of them agree is another thing than how clear they are.
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

    found_again as (
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
            found_again.agreement
        from folds
        left join found_again on found_again.model = folds.model
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
        then 'the groups stand apart as clearly everywhere.'
        when spread < 0.15
        then 'the groups stand apart more clearly in some parts than in others.'
        else 'how far the groups stand apart depends on which cases are looked at.'
    end
    || coalesce(
        ' Groups found anew from other cases agree with these by '
        || to_char(agreement::numeric, 'FM990.00')
        || ' (1 is the same groups, 0 is chance): '
        || case
            when agreement >= 0.8
            then 'they are found again.'
            when agreement >= 0.5
            then 'they are found again in part.'
            else 'what is found is mostly luck.'
        end,
        ' Whether the same groups are found again was not measured.'
    ) as verdict,

    -- numbers
    score,
    spread,
    {{ track_position("score", "-0.2", "1") }} as v_pct,
    fold as sort_order
from compared
