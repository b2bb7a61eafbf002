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
            versions.features,
            max(points.upper) over (partition by points.model, points.feature) as highest,
            min(points.lower) over (partition by points.model, points.feature) as lowest,
            min(points.x) over (partition by points.model, points.feature) as first_x,
            max(points.x) over (partition by points.model, points.feature) as last_x,
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

    -- Where the values stand on the drawn scales. A probability has the scale from 0 to 1.
    positioned as (
        select
            dependence.*,
            {% set low, high = (
                "case task when 'regression' then lowest else 0 end",
                "case task when 'regression' then highest else 1 end",
            ) %}
            coalesce({{ track_position("mean", low, high) }}, 0) as m_pct,
            coalesce({{ track_position("lower", low, high) }}, 0) as lo_pct,
            coalesce({{ track_position("upper", low, high) }}, 0) as hi_pct,
            coalesce({{ track_position("x", "first_x", "last_x") }}, 0) as x_pct
        from dependence
    ),

    -- The outlines of the curve and its band as corners of a CSS polygon: there and back.
    outlined as (
        select
            positioned.*,
            string_agg(format('%s%% %s%%', x_pct, 100 - hi_pct), ', ') over upwards
            || ', '
            || string_agg(format('%s%% %s%%', x_pct, 100 - lo_pct), ', ') over downwards
            as curve_band,
            string_agg(format('%s%% calc(%s%% - 1.2px)', x_pct, 100 - m_pct), ', ') over upwards
            || ', '
            || string_agg(
                format('%s%% calc(%s%% + 1.2px)', x_pct, 100 - m_pct), ', '
            ) over downwards as curve_line
        from positioned
        window
            upwards as (
                partition by model, feature
                order by position
                rows between unbounded preceding and unbounded following
            ),
            downwards as (
                partition by model, feature
                order by position desc
                rows between unbounded preceding and unbounded following
            )
    ),

    ranked as (
        select
            outlined.*,
            dense_rank() over (
                partition by outlined.model order by importances.rank nulls last, outlined.feature
            ) as feature_rank
        from outlined
        left join
            importances
            on importances.model = outlined.model
            and importances.feature = outlined.feature
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
    {{
        set_value_label(
            "dependence.features", "dependence.feature", "dependence.category", "dependence.x"
        )
    }} as value_label,
    case
        dependence.task
        when 'regression'
        then {{ feature_label("dependence.model", "dependence.target") }}
        else {{ probability_label("dependence.target", "dependence.class") }}
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

    case
        dependence.task
        when 'regression'
        then {{ short_number("dependence.lowest") }}
        else {{ percent("0") }}
    end as scale_low,
    case
        dependence.task
        when 'regression'
        then {{ short_number("dependence.highest") }}
        else {{ percent("1") }}
    end as scale_high,
    {{
        set_value_label(
            "dependence.features", "dependence.feature", "null::text", "dependence.first_x"
        )
    }} as first_x_label,
    {{
        set_value_label(
            "dependence.features", "dependence.feature", "null::text", "dependence.last_x"
        )
    }} as last_x_label,
    case dependence.kind when 'number' then dependence.curve_band end as curve_band,
    case dependence.kind when 'number' then dependence.curve_line end as curve_line,

    -- numbers
    dependence.x,
    dependence.mean,
    dependence.lower,
    dependence.upper,
    dependence.n,
    dependence.m_pct,
    dependence.lo_pct,
    dependence.hi_pct,
    dependence.feature_rank,

    -- booleans
    -- Half of the twenty points of a number are enough; every category is drawn.
    dependence.kind <> 'number'
    or dependence.points <= 12
    or dependence.position % 2 = dependence.first_position % 2
    or dependence.position = dependence.last_position as is_drawn
from ranked as dependence
