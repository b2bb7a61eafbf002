{#
    Fails unless the 95 % interval of the metric lies entirely on the better side of the baseline's
    value, on the same test rows. Without an interval nothing is proven: the test fails, and its
    subject says that options.bootstrap is 0.
#}
{% test beats_baseline(model, metric) %}

    with
        versions as (
            select
                built.model,
                built.version,
                recorded.options ->> 'bootstrap' = '0' as is_without_bootstrap
            from {{ model }} as built
            left join
                ml.model_versions as recorded
                on recorded.model = built.model
                and recorded.version = built.version
        ),

        metrics as (
            select *
            from ml.metrics
            where split = 'test' and segment = 'all' and metric = {{ sql_text(metric) }}
        ),

        compared as (
            select
                versions.model,
                versions.version,
                case
                    when metrics.higher_is_better then metrics.lower else metrics.upper
                end as value,
                baselines.value as baseline,
                metrics.higher_is_better,
                versions.is_without_bootstrap
            from versions
            left join
                metrics
                on metrics.model = versions.model
                and metrics.version = versions.version
                and metrics.series = 'model'
            left join
                metrics as baselines
                on baselines.model = versions.model
                and baselines.version = versions.version
                and baselines.series = 'baseline'
        )

    select
        model,
        version,
        {{ sql_text(metric) }} || case
            when value is null and is_without_bootstrap
            then ' (no interval: options.bootstrap is 0)'
            else ''
        end as subject,
        value,
        baseline as "limit"
    from compared
    where
        not coalesce(
            case when higher_is_better then value > baseline else value < baseline end, false
        )

{% endtest %}
