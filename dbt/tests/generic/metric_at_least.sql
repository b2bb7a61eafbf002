{#
    Fails if the metric of the version is below `value`, or if the version has no such metric.
    `bound: lower` tests the lower end of the 95 % interval instead.
#}
{% test metric_at_least(model, metric, value, bound="value", split="test") %}

    with
        versions as (select model, version from {{ model }}),

        metrics as (
            select *
            from ml.metrics
            where
                series = 'model'
                and segment = 'all'
                and fold is null
                and metric = {{ sql_text(metric) }}
                and split = {{ sql_text(split) }}
        )

    select
        versions.model,
        versions.version,
        {{ sql_text(metric) }} as subject,
        metrics.{{ bound }} as value,
        {{ value }} as "limit"
    from versions
    left join metrics on metrics.model = versions.model and metrics.version = versions.version
    where coalesce(metrics.{{ bound }} < {{ value }}, true)

{% endtest %}
