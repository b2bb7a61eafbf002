{# What each model says now beside what it said at its test: the same bins, the two shares. #}
with
    predictions as (select * from {{ ref("rpt_predictions") }}),

    versions as (select * from {{ of_champions("model_versions") }} as versions),

    curves as (
        select * from {{ of_champions("curves") }} as curves where curve = 'score_distribution'
    ),

    residuals as (select * from {{ of_champions("residuals") }} as residuals),

    -- classification: tenths of the probability
    said_classes as (
        select
            model,
            least(9, floor(round((10 * x)::numeric, 6)))::integer as place,
            sum(n)::float8 as cases
        from curves
        group by model, place
    ),

    says_classes as (
        select
            predictions.model,
            least(9, floor(10 * predictions.score))::integer as place,
            count(*)::float8 as cases
        from predictions
        where predictions.task = 'classification' and predictions.score is not null
        group by predictions.model, place
    ),

    -- regression: ten ranges of the number, as wide as the test's
    limits as (
        select
            model, min(predicted) as low, nullif(max(predicted) - min(predicted), 0) / 10 as width
        from residuals
        group by model
    ),

    said_numbers as (
        select
            residuals.model,
            least(9, floor((residuals.predicted - limits.low) / limits.width))::integer as place,
            count(*)::float8 as cases
        from residuals
        inner join limits on limits.model = residuals.model and limits.width is not null
        group by residuals.model, place
    ),

    says_numbers as (
        select
            predictions.model,
            least(9, greatest(0, floor((predictions.score - limits.low) / limits.width)))::integer
            as place,
            count(*)::float8 as cases
        from predictions
        inner join limits on limits.model = predictions.model and limits.width is not null
        where predictions.task = 'regression' and predictions.score is not null
        group by predictions.model, place
    ),

    -- clustering: the groups
    said_groups as (
        select
            versions.model,
            row_number() over (
                partition by versions.model order by entries.entry ->> 'class'
            )::integer
            - 1 as place,
            entries.entry ->> 'class' as class,
            ((entries.entry ->> 'train')::bigint + (entries.entry ->> 'test')::bigint)::float8
            as cases
        from versions
        cross join lateral jsonb_array_elements(versions.classes) as entries(entry)
        where versions.task = 'clustering'
    ),

    says_groups as (
        select said_groups.model, said_groups.place, count(predictions.key)::float8 as cases
        from said_groups
        left join
            predictions
            on predictions.model = said_groups.model
            and predictions.prediction_label = {{ class_label("null", "said_groups.class") }}
        group by said_groups.model, said_groups.place
    ),

    said as (
        select model, place, cases
        from said_classes
        union all
        select model, place, cases
        from said_numbers
        union all
        select model, place, cases
        from said_groups
    ),

    says as (
        select *
        from says_classes
        union all
        select *
        from says_numbers
        union all
        select *
        from says_groups
    ),

    shares as (
        select
            coalesce(said.model, says.model) as model,
            coalesce(said.place, says.place) as place,
            coalesce(said.cases, 0) / nullif(
                sum(said.cases) over (partition by coalesce(said.model, says.model)), 0
            ) as then_share,
            coalesce(says.cases, 0) / nullif(
                sum(says.cases) over (partition by coalesce(said.model, says.model)), 0
            ) as now_share
        from said
        full join says on says.model = said.model and says.place = said.place
    ),

    scaled as (
        select
            *, nullif(max(greatest(then_share, now_share)) over (partition by model), 0) as highest
        from shares
    )

select
    -- ids
    scaled.model,
    scaled.place + 1 as position,

    -- text
    {{ model_label("scaled.model") }} as model_label,
    case
        versions.task
        when 'classification'
        then 10 * scaled.place || ' to ' || 10 * (scaled.place + 1) || U&'\202F%'
        when 'regression'
        then
            {{ short_number("limits.low + scaled.place * limits.width") }}
            || ' to '
            || {{ short_number("limits.low + (scaled.place + 1) * limits.width") }}
        else {{ class_label("null", "said_groups.class") }}
    end as range_label,
    coalesce({{ percent("scaled.then_share") }}, 'none') as shown_then,
    coalesce({{ percent("scaled.now_share") }}, 'none') as shown_now,

    -- numbers
    scaled.then_share,
    scaled.now_share,
    coalesce(round((100 * scaled.then_share / scaled.highest)::numeric, 1), 0) as then_pct,
    coalesce(round((100 * scaled.now_share / scaled.highest)::numeric, 1), 0) as now_pct
from scaled
inner join versions on versions.model = scaled.model
left join limits on limits.model = scaled.model
left join said_groups on said_groups.model = scaled.model and said_groups.place = scaled.place
