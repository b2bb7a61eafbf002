with
    versions as (select * from {{ of_champions("model_versions") }} as versions),

    metrics as (select * from {{ ref("rpt_model_metrics") }}),

    algorithms as (select * from {{ ref("algorithm_labels") }}),

    classes as (select * from {{ ref("rpt_class_balance") }}),

    positive as (select * from classes where is_positive),

    -- With two classes the other one has a name; with more they share one.
    others as (
        select
            model, case count(*) when 1 then max(class_label) else 'All other classes' end as label
        from classes
        where not is_positive
        group by model
    ),

    largest as (
        select distinct on (model) model, class, class_label, share
        from classes
        order by model, n desc, class
    ),

    features as (
        select
            model,
            count(*) as total,
            sum(missing) as missing,
            sum(rows) as cells,
            sum(missing) / nullif(sum(rows), 0)::float8 as missing_share
        from {{ ref("rpt_feature_summary") }}
        group by model
    ),

    ranked as (
        select
            model,
            max(replace(feature, '_', ' ')) filter (where rank = 1) as first_name,
            max(replace(feature, '_', ' ')) filter (where rank = 2) as second_name,
            max(replace(feature, '_', ' ')) filter (where rank = 3) as third_name,
            max(importance) filter (where rank = 1) as first_importance,
            count(*) filter (where lower > 0) as clearly_used
        from {{ ref("rpt_feature_importances") }}
        group by model
    ),

    outcomes as (
        select
            model,
            sum(n) filter (where outcome = 'found') as found,
            sum(n) filter (where outcome in ('found', 'missed')) as looked_for,
            sum(n) filter (where outcome = 'false alarm') as false_alarms,
            sum(n) filter (where state = 'hit') / nullif(sum(n), 0)::float8 as right_share
        from {{ ref("rpt_confusion") }}
        group by model
    ),

    collected as (
        select
            versions.model,
            versions.version,
            versions.task,
            versions.target,
            versions.metric,
            versions.score,
            versions.lower,
            versions.upper,
            versions.baseline,
            versions.trained_at,
            versions.seconds,
            versions.rows_train + versions.rows_test as rows_total,
            versions.rows_train,
            versions.rows_test,
            jsonb_array_length(versions.excluded) as features_excluded,
            coalesce(algorithms.label, {{ humanize("versions.algorithm") }}) as algorithm_label,
            coalesce(metrics.label, {{ humanize("versions.metric") }}) as metric_label,
            coalesce(metrics.state, 'watch') as state,
            metrics.verdict,
            positive.class as positive_class,
            positive.class_label as positive_label,
            positive.n as positive_total,
            positive.share as positive_share,
            others.label as other_label,
            largest.class as largest_class,
            largest.share as largest_share,
            features.total as features_total,
            features.missing,
            features.missing_share,
            ranked.first_name,
            ranked.second_name,
            ranked.third_name,
            ranked.first_importance,
            ranked.clearly_used,
            outcomes.found,
            outcomes.looked_for,
            outcomes.false_alarms,
            outcomes.right_share
        from versions
        left join metrics on metrics.model = versions.model and metrics.metric = versions.metric
        left join algorithms on algorithms.algorithm = versions.algorithm
        left join positive on positive.model = versions.model
        left join others on others.model = versions.model
        left join largest on largest.model = versions.model
        left join features on features.model = versions.model
        left join ranked on ranked.model = versions.model
        left join outcomes on outcomes.model = versions.model
    ),

    worded as (
        select
            -- ids
            model,
            version,

            -- text
            {{ model_label("model") }} as model_label,
            task,
            algorithm_label,
            metric_label,
            verdict,
            positive_class,
            positive_label,
            other_label,

            -- what the data looks like
            coalesce(
                {{ percent("positive_share") }}, {{ percent("largest_share") }}
            ) as data_number,
            'Of ' || {{ counted("rows_total") }} || ' cases, ' as data_lead,
            case
                when {{ is_bare("coalesce(positive_class, largest_class)") }}
                then ' have '
                else ' are '
            end
            || {{ class_name("target", "coalesce(positive_class, largest_class)") }}
            || '.' as data_rest,
            'Each case is described by '
            || features_total
            || ' measurements. '
            || case
                missing
                when 0
                then 'No value is missing.'
                else 'Missing: ' || {{ small_share("missing_share") }} || ' of the values.'
            end as data_subline,

            -- what the model learned
            'The model relies most on ' as drivers_lead,
            first_name as drivers_number,
            coalesce(', then on ' || second_name, '')
            || coalesce(' and ' || third_name, '')
            || '.' as drivers_rest,
            'Shuffling one measurement at a time on the '
            || {{ counted("rows_test") }}
            || ' test cases shows what the model uses, not what causes the outcome.'
            as drivers_subline,

            -- how good it is
            case
                when state <> 'good'
                then 'The model is '
                when found is not null
                then 'The model finds '
                else 'The model is right in '
            end as quality_lead,
            case
                when state <> 'good'
                then 'no better than the simple rule'
                when found is not null
                then {{ counted("found") }} || ' of ' || {{ counted("looked_for") }}
                else {{ percent("right_share") }}
            end as quality_number,
            case
                when state <> 'good'
                then '.'
                when found is not null
                then
                    ' '
                    || {{ cases_of("target", "positive_class") }}
                    || ', with '
                    || case
                        false_alarms
                        when 0
                        then 'no false alarm.'
                        when 1
                        then '1 false alarm.'
                        else {{ counted("false_alarms") }} || ' false alarms.'
                    end
                else ' of the cases.'
            end as quality_rest,
            'Tested on '
            || {{ counted("rows_test") }}
            || ' cases it had never seen: '
            || {{ percent("right_share") }}
            || ' right. Always answering “'
            || {{ class_name("target", "largest_class") }}
            || '” would be right in '
            || {{ percent("largest_share") }}
            || '.' as quality_subline,

            -- numbers
            score,
            lower,
            upper,
            baseline,
            rows_total,
            rows_train,
            rows_test,
            features_total,
            features_excluded,
            missing as values_missing,
            missing_share,
            positive_total,
            positive_share,
            largest_share,
            first_importance,
            clearly_used,
            found,
            looked_for,
            false_alarms,
            right_share,
            seconds,

            -- booleans
            state = 'good' as beats_baseline,

            -- dates
            trained_at
        from collected
    )

select *
from worded
