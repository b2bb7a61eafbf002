{#
    Fails unless the 95 % interval of the metric lies entirely on the better side of the baseline's
    value, on the same test rows.
#}
{% test beats_baseline(model, metric) %}

    with
        versions as (select model, version from {{ model }}),

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
                metrics.higher_is_better
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

    select model, version, {{ sql_text(metric) }} as subject, value, baseline as "limit"
    from compared
    where
        not coalesce(
            case when higher_is_better then value > baseline else value < baseline end, false
        )

{% endtest %}
