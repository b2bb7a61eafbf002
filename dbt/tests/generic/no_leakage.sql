{#
    Fails for each feature that alone predicts the target better than `at_most`. Such a feature
    usually contains the answer: a date set when the customer left, a status that follows from it.
    The measure is the larger of the two scores that ml.model_versions.features holds per feature:
    ROC AUC for classes, R² and |Spearman| for numbers.
#}
{% test no_leakage(model, at_most=0.99) %}

    with
        versions as (select model, version from {{ model }}),

        features as (
            select
                recorded.model,
                recorded.version,
                entry ->> 'name' as subject,
                greatest(
                    cast(entry ->> 'univariate_score' as double precision),
                    cast(entry ->> 'univariate_auc' as double precision)
                ) as value
            from ml.model_versions as recorded
            cross join lateral jsonb_array_elements(recorded.features) as entries(entry)
        )

    select
        features.model, features.version, features.subject, features.value, {{ at_most }} as "limit"
    from versions
    inner join features on features.model = versions.model and features.version = versions.version
    where features.value > {{ at_most }}
    order by features.value desc, features.subject

{% endtest %}
