{#
    Fails unless the version trained last is better than the simple rule beyond
    doubt: the near end of its 95 % interval lies on the better side of the
    baseline's value, on the same test rows.
#}
{% test beats_baseline(model, metric) %}

    with
        trained as (select * from {{ model }}),

        measured as (
            select *
            from {{ source("ml", "metrics") }}
            where split = 'test' and segment = 'all' and metric = {{ sql_text(metric) }}
        ),

        labels as (select * from {{ ref("metric_labels") }} where metric = {{ sql_text(metric) }}),

        compared as (
            select
                trained.model,
                trained.version,
                ours.lower,
                ours.upper,
                baseline.value as baseline,
                case
                    labels.better
                    when 'higher'
                    then ours.lower > baseline.value
                    when 'lower'
                    then ours.upper < baseline.value
                end as is_better
            from trained
            left join
                measured as ours
                on ours.model = trained.model
                and ours.version = trained.version
                and ours.series = 'model'
            left join
                measured as baseline
                on baseline.model = trained.model
                and baseline.version = trained.version
                and baseline.series = 'baseline'
            left join labels on labels.metric = {{ sql_text(metric) }}
        )

    select *
    from compared
    where not coalesce(is_better, false)

{% endtest %}
