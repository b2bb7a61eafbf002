{# How the answer moves when one measurement is set to a value and all else stays. #}
with
    points as (select * from {{ of_champions("partial_dependence") }} as points),

    versions as (select * from {{ of_champions("model_versions") }} as versions),

    importances as (select model, feature, rank from {{ ref("rpt_feature_importances") }}),

    -- One line a model: with several classes the one with the most cases would crowd out the rest,
    -- so the first by name is drawn.
    chosen as (
        select model, coalesce(max(class) filter (where is_positive), min(class)) as class
        from
            (
                select
                    points.model,
                    points.class,
                    points.class = versions.positive_class as is_positive
                from points
                inner join versions on versions.model = points.model
            ) as classes
        group by model
    ),

    kept as (
        select
            points.*,
            versions.task,
            versions.target,
            max(points.upper) over (partition by points.model, points.feature) as highest,
            min(points.lower) over (partition by points.model, points.feature) as lowest,
            count(*) over (partition by points.model, points.feature) as points,
            min(points.position) over (partition by points.model, points.feature) as first_position,
            max(points.position) over (partition by points.model, points.feature) as last_position
        from points
        inner join versions on versions.model = points.model
        inner join chosen on chosen.model = points.model and chosen.class = points.class
    )

select
    -- ids
    kept.model,
    kept.feature,
    kept.position,

    -- text
    {{ model_label("kept.model") }} as model_label,
    {{ feature_label("kept.model", "kept.feature") }} as feature_label,
    kept.kind,
    case
        kept.category
        when 'true'
        then 'yes'
        when 'false'
        then 'no'
        else coalesce(kept.category, {{ short_number("kept.x") }})
    end as value_label,
    case
        kept.task
        when 'regression'
        then {{ feature_label("kept.model", "kept.target") }}
        else 'Probability of ' || {{ class_name("kept.target", "kept.class") }}
    end as answer_label,
    case
        kept.task
        when 'regression'
        then {{ short_number("kept.mean") }}
        else {{ percent("kept.mean", 1) }}
    end as shown,
    case
        kept.task
        when 'regression'
        then {{ short_number("kept.lower") }} || ' to ' || {{ short_number("kept.upper") }}
        else {{ percent("kept.lower") }} || ' to ' || {{ percent("kept.upper") }}
    end as shown_range,

    -- numbers
    kept.x,
    kept.mean,
    kept.lower,
    kept.upper,
    kept.n,
    coalesce(
        {{
            track_position(
                "kept.mean",
                "case kept.task when 'regression' then kept.lowest else 0 end",
                "case kept.task when 'regression' then kept.highest else 1 end",
            )
        }},
        0
    ) as m_pct,
    coalesce(
        {{
            track_position(
                "kept.lower",
                "case kept.task when 'regression' then kept.lowest else 0 end",
                "case kept.task when 'regression' then kept.highest else 1 end",
            )
        }},
        0
    ) as lo_pct,
    coalesce(
        {{
            track_position(
                "kept.upper",
                "case kept.task when 'regression' then kept.lowest else 0 end",
                "case kept.task when 'regression' then kept.highest else 1 end",
            )
        }},
        0
    ) as hi_pct,
    dense_rank() over (
        partition by kept.model order by importances.rank nulls last, kept.feature
    ) as feature_rank,

    -- booleans
    -- Half of the twenty points of a number say the same; of categories none can be left out.
    kept.kind <> 'number'
    or kept.points <= 12
    or kept.position % 2 = kept.first_position % 2
    or kept.position = kept.last_position as is_drawn
from kept
left join importances on importances.model = kept.model and importances.feature = kept.feature
