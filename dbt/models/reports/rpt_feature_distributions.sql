with
    distributions as (select * from {{ of_champions("distributions") }} as distributions),

    versions as (select * from {{ of_champions("model_versions") }} as versions),

    importances as (select model, feature, rank from {{ ref("rpt_feature_importances") }}),

    -- Features without a measured importance come after those with one, by name.
    ranks as (
        select
            features.model,
            features.feature,
            row_number() over (
                partition by features.model order by importances.rank nulls last, features.feature
            ) as feature_rank
        from (select distinct model, feature from distributions) as features
        left join
            importances
            on importances.model = features.model
            and importances.feature = features.feature
    ),

    shares as (
        select
            *,
            sum(n) over (partition by model, feature, class) as class_rows,
            n / nullif(sum(n) over (partition by model, feature, class), 0)::float8 as share
        from distributions
    ),

    -- The axis of a feature ends at the next full tenth above its highest bar.
    scaled as (
        select
            *,
            greatest(
                0.1,
                ceil(round(10 * max(share) over (partition by model, feature)::numeric, 6)) / 10
            ) as axis_end,
            coalesce(
                category, {{ short_number("lower") }} || ' to ' || {{ short_number("upper") }}
            ) as bin_label
        from shares
    )

select
    -- ids
    scaled.model,
    scaled.feature,
    scaled.class,
    scaled.bin,

    -- text
    {{ model_label("scaled.model") }} as model_label,
    {{ humanize("scaled.feature") }} as feature_label,
    {{ class_label("versions.target", "scaled.class") }} as class_label,
    scaled.kind,
    scaled.bin_label,
    case
        when scaled.category is not null
        then scaled.category
        when scaled.bin % 5 = 1
        then {{ short_number("scaled.lower") }}
        else ''
    end as tick,
    {{ percent("scaled.axis_end") }} as axis_top,
    {{ percent("scaled.axis_end / 2") }} as axis_mid,
    coalesce({{ percent("scaled.share") }}, 'none')
    || ' of '
    || coalesce({{ class_name("versions.target", "scaled.class") }}, 'all')
    || ' ('
    || {{ counted("scaled.n") }}
    || ' of '
    || {{ counted("scaled.class_rows") }}
    || ')' as shown,

    -- numbers
    scaled.lower as bin_lower,
    scaled.upper as bin_upper,
    scaled.n,
    scaled.share,
    round((100 * scaled.share / scaled.axis_end)::numeric, 2) as h_pct,
    ranks.feature_rank,

    -- booleans
    coalesce(scaled.class = versions.positive_class, false) as is_positive
from scaled
inner join versions on versions.model = scaled.model
inner join ranks on ranks.model = scaled.model and ranks.feature = scaled.feature
