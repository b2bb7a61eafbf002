{# Prediction drift: the distribution of the predictions now and at the test, in the same bins. #}
with
    predictions as (select * from {{ ref("rpt_predictions") }}),

    versions as (select * from {{ of_champions("model_versions") }} as versions),

    curves as (
        select curves.*, versions.positive_class is null as is_multiclass
        from {{ of_champions("curves") }} as curves
        inner join versions on versions.model = curves.model
        where versions.task = 'classification'
    ),

    residuals as (
        select residuals.*
        from {{ of_champions("residuals") }} as residuals
        inner join versions on versions.model = residuals.model
        where versions.task = 'regression'
    ),

    -- two classes: deciles of the probability of the positive class
    test_classes as (
        select
            model,
            least(9, floor(round((10 * x)::numeric, 6)))::integer as bin,
            sum(n)::float8 as cases
        from curves
        where curve = 'score_distribution' and not is_multiclass
        group by model, bin
    ),

    current_classes as (
        select
            predictions.model,
            least(9, floor(10 * predictions.score))::integer as bin,
            count(*)::float8 as cases
        from predictions
        inner join versions on versions.model = predictions.model
        where
            predictions.task = 'classification'
            and versions.positive_class is not null
            and predictions.score is not null
        group by predictions.model, bin
    ),

    -- more classes: ranges of the score, the probability of the predicted class. The engine counts
    -- up to 20 of them over all classes; two make one here.
    test_scores as (
        select model, (position - 1) / 2 as bin, min(x) as low, sum(n)::float8 as cases
        from curves
        where curve = 'score_overall' and is_multiclass
        group by model, bin
    ),

    score_limits as (
        select model, array_agg(low order by bin) as lows from test_scores group by model
    ),

    current_scores as (
        select
            predictions.model,
            width_bucket(predictions.score, score_limits.lows[2:]) as bin,
            count(*)::float8 as cases
        from predictions
        inner join score_limits on score_limits.model = predictions.model
        where predictions.score is not null
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
        from test_scores
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
        from current_scores
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
        when score_limits.model is not null
        then
            {{ percent("score_limits.lows[scaled.bin + 1]") }}
            || ' to '
            || {{ percent("coalesce(score_limits.lows[scaled.bin + 2], 1)") }}
        when versions.task = 'classification'
        then 10 * scaled.bin || ' to ' || 10 * (scaled.bin + 1) || U&'\202F%'
        when versions.task = 'regression'
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
left join score_limits on score_limits.model = scaled.model
left join test_groups on test_groups.model = scaled.model and test_groups.bin = scaled.bin
union all
-- A forecast, and a model whose predictions no node stores, have one row that says so.
select
    model,
    1,
    {{ model_label("model") }},
    case
        task
        when 'forecast'
        then 'A forecast has no cases: see the page Forecast'
        else 'No predictions are stored'
    end,
    '',
    '',
    null,
    null,
    0,
    0
from versions
where model not in (select model from scaled)
