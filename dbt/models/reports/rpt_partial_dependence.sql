{{ config(materialized="view") }}

{# Partial dependence: the mean prediction when one measurement is set to a value. #}
with
    points as not materialized(select * from {{ of_champions("partial_dependence") }} as points),

    versions as not materialized(select * from {{ of_champions("model_versions") }} as versions),

    importances as (select model, feature, rank from {{ ref("rpt_feature_importances") }}),

    -- One line per model: the positive class, or the first class by name where there is none.
    drawn_classes as (
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

    dependence as (
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
        inner join
            drawn_classes
            on drawn_classes.model = points.model
            and drawn_classes.class = points.class
    ),

    ranked as (
        select
            dependence.*,
            dense_rank() over (
                partition by dependence.model
                order by importances.rank nulls last, dependence.feature
            ) as feature_rank
        from dependence
        left join
            importances
            on importances.model = dependence.model
            and importances.feature = dependence.feature
    )

select
    -- ids
    dependence.model,
    dependence.feature,
    dependence.position,

    -- text
    {{ model_label("dependence.model") }} as model_label,
    {{ feature_label("dependence.model", "dependence.feature") }} as feature_label,
    dependence.kind,
    case
        dependence.category
        when 'true'
        then 'yes'
        when 'false'
        then 'no'
        else coalesce(dependence.category, {{ short_number("dependence.x") }})
    end as value_label,
    case
        dependence.task
        when 'regression'
        then {{ feature_label("dependence.model", "dependence.target") }}
        else 'Probability of ' || {{ class_name("dependence.target", "dependence.class") }}
    end as answer_label,
    case
        dependence.task
        when 'regression'
        then {{ short_number("dependence.mean") }}
        else {{ percent("dependence.mean", 1) }}
    end as value_text,
    case
        dependence.task
        when 'regression'
        then
            {{ short_number("dependence.lower") }}
            || ' to '
            || {{ short_number("dependence.upper") }}
        else {{ percent("dependence.lower") }} || ' to ' || {{ percent("dependence.upper") }}
    end as range_text,

    -- numbers
    dependence.x,
    dependence.mean,
    dependence.lower,
    dependence.upper,
    dependence.n,
    coalesce(
        {{
            track_position(
                "dependence.mean",
                "case dependence.task when 'regression' then dependence.lowest else 0 end",
                "case dependence.task when 'regression' then dependence.highest else 1 end",
            )
        }},
        0
    ) as m_pct,
    coalesce(
        {{
            track_position(
                "dependence.lower",
                "case dependence.task when 'regression' then dependence.lowest else 0 end",
                "case dependence.task when 'regression' then dependence.highest else 1 end",
            )
        }},
        0
    ) as lo_pct,
    coalesce(
        {{
            track_position(
                "dependence.upper",
                "case dependence.task when 'regression' then dependence.lowest else 0 end",
                "case dependence.task when 'regression' then dependence.highest else 1 end",
            )
        }},
        0
    ) as hi_pct,
    dependence.feature_rank,

    -- booleans
    -- Half of the twenty points of a number are enough; every category is drawn.
    dependence.kind <> 'number'
    or dependence.points <= 12
    or dependence.position % 2 = dependence.first_position % 2
    or dependence.position = dependence.last_position as is_drawn
from ranked as dependence
