{# Prediction drift: the distribution of the predictions now and at the test, in the same bins. #}
with
    predictions as (select * from {{ ref("rpt_predictions") }}),

    versions as (select * from {{ of_champions("model_versions") }} as versions),

    curves as (
        select * from {{ of_champions("curves") }} as curves where curve = 'score_distribution'
    ),

    residuals as (select * from {{ of_champions("residuals") }} as residuals),

    -- classification: deciles of the probability
    test_classes as (
        select
            model,
            least(9, floor(round((10 * x)::numeric, 6)))::integer as bin,
            sum(n)::float8 as cases
        from curves
        group by model, bin
    ),

    current_classes as (
        select
            predictions.model,
            least(9, floor(10 * predictions.score))::integer as bin,
            count(*)::float8 as cases
        from predictions
        where predictions.task = 'classification' and predictions.score is not null
        group by predictions.model, bin
    ),

    -- regression: ten ranges of the number, with the limits of the test
    limits as (
        select
            model, min(predicted) as low, nullif(max(predicted) - min(predicted), 0) / 10 as width
        from residuals
        group by model
    ),

    test_numbers as (
        select
            residuals.model,
            least(9, floor((residuals.predicted - limits.low) / limits.width))::integer as bin,
            count(*)::float8 as cases
        from residuals
        inner join limits on limits.model = residuals.model and limits.width is not null
        group by residuals.model, bin
    ),

    current_numbers as (
        select
            predictions.model,
            least(9, greatest(0, floor((predictions.score - limits.low) / limits.width)))::integer
            as bin,
            count(*)::float8 as cases
        from predictions
        inner join limits on limits.model = predictions.model and limits.width is not null
        where predictions.task = 'regression' and predictions.score is not null
        group by predictions.model, bin
    ),

    -- clustering: the groups
    test_groups as (
        select
            versions.model,
            row_number() over (
                partition by versions.model order by entries.entry ->> 'class'
            )::integer
            - 1 as bin,
            entries.entry ->> 'class' as class,
            ((entries.entry ->> 'train')::bigint + (entries.entry ->> 'test')::bigint)::float8
            as cases
        from versions
        cross join lateral jsonb_array_elements(versions.classes) as entries(entry)
        where versions.task = 'clustering'
    ),

    current_groups as (
        select test_groups.model, test_groups.bin, count(predictions.key)::float8 as cases
        from test_groups
        left join
            predictions
            on predictions.model = test_groups.model
            and predictions.prediction_label = {{ class_label("null", "test_groups.class") }}
        group by test_groups.model, test_groups.bin
    ),

    test_counts as (
        select model, bin, cases
        from test_classes
        union all
        select model, bin, cases
        from test_numbers
        union all
        select model, bin, cases
        from test_groups
    ),

    current_counts as (
        select *
        from current_classes
        union all
        select *
        from current_numbers
        union all
        select *
        from current_groups
    ),

    shares as (
        select
            coalesce(test_counts.model, current_counts.model) as model,
            coalesce(test_counts.bin, current_counts.bin) as bin,
            coalesce(test_counts.cases, 0) / nullif(
                sum(test_counts.cases) over (
                    partition by coalesce(test_counts.model, current_counts.model)
                ),
                0
            ) as test_share,
            coalesce(current_counts.cases, 0) / nullif(
                sum(current_counts.cases) over (
                    partition by coalesce(test_counts.model, current_counts.model)
                ),
                0
            ) as current_share
        from test_counts
        full join
            current_counts
            on current_counts.model = test_counts.model
            and current_counts.bin = test_counts.bin
    ),

    scaled as (
        select
            *,
            nullif(max(greatest(test_share, current_share)) over (partition by model), 0) as highest
        from shares
    )

select
    -- ids
    scaled.model,
    scaled.bin + 1 as position,

    -- text
    {{ model_label("scaled.model") }} as model_label,
    case
        versions.task
        when 'classification'
        then 10 * scaled.bin || ' to ' || 10 * (scaled.bin + 1) || U&'\202F%'
        when 'regression'
        then
            {{ short_number("limits.low + scaled.bin * limits.width") }}
            || ' to '
            || {{ short_number("limits.low + (scaled.bin + 1) * limits.width") }}
        else {{ class_label("null", "test_groups.class") }}
    end as range_label,
    coalesce({{ percent("scaled.test_share") }}, 'none') as test_share_text,
    coalesce({{ percent("scaled.current_share") }}, 'none') as current_share_text,

    -- numbers
    scaled.test_share,
    scaled.current_share,
    coalesce(round((100 * scaled.test_share / scaled.highest)::numeric, 1), 0) as test_pct,
    coalesce(round((100 * scaled.current_share / scaled.highest)::numeric, 1), 0) as current_pct
from scaled
inner join versions on versions.model = scaled.model
left join limits on limits.model = scaled.model
left join test_groups on test_groups.model = scaled.model and test_groups.bin = scaled.bin
