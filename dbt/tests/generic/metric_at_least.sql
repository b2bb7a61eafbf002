{#
    The quality gate of a model node: fails while the version trained last is
    below `value` on the metric, or has no such metric at all. Downstream nodes
    are then skipped, so nothing is predicted with a model that is not good
    enough. `bound: lower` asks it of the lower end of the 95 % interval.
#}
{% test metric_at_least(model, metric, value, bound="value", split="test") %}

    with
        trained as (select * from {{ model }}),

        measured as (
            select *
            from {{ source("ml", "metrics") }}
            where series = 'model' and segment = 'all' and fold is null
        )

    select trained.model, trained.version, measured.{{ bound }} as measured, {{ value }} as required
    from trained
    left join
        measured
        on measured.model = trained.model
        and measured.version = trained.version
        and measured.metric = {{ sql_text(metric) }}
        and measured.split = {{ sql_text(split) }}
    where coalesce(measured.{{ bound }} < {{ value }}, true)

{% endtest %}
