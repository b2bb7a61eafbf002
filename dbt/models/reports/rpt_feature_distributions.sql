{{ config(materialized="view") }}

{#
    Two series per bin: the positive class and all others; one series of all cases where a model has
    no positive class.
#}
with
    distributions as not materialized(
        select * from {{ of_champions("distributions") }} as distributions
    ),

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

    bins as (
        select
            distributions.model,
            distributions.feature,
            distributions.bin,
            versions.target,
            versions.positive_class,
            min(
                case
                    when distributions.class <> versions.positive_class then distributions.class
                end
            ) as other_class,
            distributions.kind,
            distributions.lower,
            distributions.upper,
            distributions.category,
            distributions.bin_type,
            sum(distributions.n) filter (
                where coalesce(distributions.class = versions.positive_class, true)
            ) as first_n,
            sum(distributions.n) filter (
                where distributions.class <> versions.positive_class
            ) as second_n
        from distributions
        inner join versions on versions.model = distributions.model
        group by
            distributions.model,
            distributions.feature,
            distributions.bin,
            versions.target,
            versions.positive_class,
            distributions.kind,
            distributions.lower,
            distributions.upper,
            distributions.category,
            distributions.bin_type
    ),

    totals as (
        select
            *,
            sum(first_n) over (partition by model, feature) as first_total,
            sum(second_n) over (partition by model, feature) as second_total,
            max(bin) over (partition by model, feature) as bins
        from bins
    ),

    shares as (
        select
            *,
            first_n / nullif(first_total, 0)::float8 as first_share,
            second_n / nullif(second_total, 0)::float8 as second_share
        from totals
    ),

    -- The axis of a feature ends at the next multiple of 10 % above its highest bar.
    scaled as (
        select
            *,
            greatest(
                0.1,
                ceil(
                    round(
                        10 * max(greatest(first_share, second_share)) over (
                            partition by model, feature
                        )::numeric,
                        6
                    )
                )
                / 10
            ) as axis_end,
            case
                bin_type
                when 'range'
                then {{ short_number("lower") }} || ' to ' || {{ short_number("upper") }}
                when 'other'
                then 'all others'
                when 'missing'
                then 'missing'
                else category
            end as bin_label
        from shares
    )

select
    -- ids
    scaled.model,
    scaled.feature,
    scaled.bin,

    -- text
    {{ model_label("scaled.model") }} as model_label,
    {{ feature_label("scaled.model", "scaled.feature") }} as feature_label,
    scaled.kind,
    scaled.bin_label,
    case
        when scaled.bin_type <> 'range'
        then scaled.bin_label
        when scaled.bin % 5 = 1
        then coalesce({{ short_number("scaled.lower") }}, '')
        else ''
    end as tick,
    {{ percent("scaled.axis_end") }} as axis_top,
    {{ percent("scaled.axis_end / 2") }} as axis_mid,
    coalesce(
        {{ class_label("scaled.target", "scaled.positive_class") }}, 'All cases'
    ) as first_label,
    case when scaled.positive_class is null then 'gh-model' else 'gh-event' end as first_colour,
    {{ class_label("scaled.target", "scaled.other_class") }} as second_label,
    coalesce({{ percent("scaled.first_share") }}, 'none')
    || ' of '
    || coalesce({{ class_name("scaled.target", "scaled.positive_class") }}, 'all cases')
    || ' ('
    || {{ counted("scaled.first_n") }}
    || ' of '
    || {{ counted("scaled.first_total") }}
    || ')' as first_text,
    coalesce({{ percent("scaled.second_share") }}, 'none')
    || ' of '
    || {{ class_name("scaled.target", "scaled.other_class") }}
    || ' ('
    || {{ counted("scaled.second_n") }}
    || ' of '
    || {{ counted("scaled.second_total") }}
    || ')' as second_text,

    -- numbers
    scaled.lower as bin_lower,
    scaled.upper as bin_upper,
    scaled.first_n,
    scaled.second_n,
    scaled.first_share,
    scaled.second_share,
    round((100 * scaled.first_share / scaled.axis_end)::numeric, 2) as first_pct,
    round((100 * scaled.second_share / scaled.axis_end)::numeric, 2) as second_pct,
    ranks.feature_rank
from scaled
inner join ranks on ranks.model = scaled.model and ranks.feature = scaled.feature
