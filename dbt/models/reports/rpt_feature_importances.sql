{{ config(materialized="view") }}

with
    importances as (
        select * from {{ of_champions("importances") }} as importances where method = 'permutation'
    ),

    -- The deviation divides by the number of shuffles; the standard error of the mean of a sample
    -- divides by one less. A single shuffle has no interval.
    errors as (
        select
            *,
            nullif(repeats - 1, 0) as degrees_of_freedom,
            deviation / sqrt(nullif(repeats - 1, 0)) as standard_error
        from importances
    ),

    -- The 97.5 % quantile of Student's t distribution: the Cornish-Fisher expansion (Abramowitz and
    -- Stegun, 1964, formula 26.7.5), within 2 % from 3 degrees of freedom on.
    margins as (
        select
            *,
            standard_error * (
                1.959964
                + 2.372271 / degrees_of_freedom
                + 2.822500 / degrees_of_freedom ^ 2
                + 2.555850 / degrees_of_freedom ^ 3
            ) as margin
        from errors
    ),

    intervals as (select *, mean - margin as lower, mean + margin as upper from margins),

    scaled as (
        select *, nullif(max(greatest(mean, upper, 0)) over (partition by model), 0) as longest
        from intervals
    )

select
    -- ids
    model,
    feature,

    -- text
    {{ model_label("model") }} as model_label,
    {{ feature_label("scaled.model", "scaled.feature") }} as feature_label,
    {{ feature_phrase("scaled.model", "scaled.feature") }} as feature_phrase,
    to_char(mean::numeric, 'FM990.0000') as value_text,

    -- numbers
    mean as importance,
    deviation,
    lower,
    upper,
    rank,
    coalesce({{ track_position("mean", "0", "longest") }}, 0) as m_pct,
    coalesce({{ track_position("lower", "0", "longest") }}, 0) as lo_pct,
    coalesce(
        {{ track_position("upper", "0", "longest") }}
        - {{ track_position("lower", "0", "longest") }},
        0
    ) as w_pct
from scaled
