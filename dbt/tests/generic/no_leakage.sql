{#
    Fails for each feature that alone predicts the target better than `at_most`,
    as only a feature can that knows the answer: a date set when the customer
    left, a status that follows from it. Measured on training rows: the ROC AUC
    with classes, R² and |Spearman| with numbers.
#}
{% test no_leakage(model, at_most=0.99) %}

    with
        trained as (select * from {{ model }}),

        features as (
            select
                versions.model,
                versions.version,
                entry ->> 'name' as feature,
                cast(entry ->> 'univariate_score' as double precision) as univariate_score,
                cast(entry ->> 'univariate_auc' as double precision) as univariate_auc
            from {{ source("ml", "model_versions") }} as versions
            cross join lateral jsonb_array_elements(versions.features) as entries(entry)
        )

    select features.*
    from trained
    inner join features on features.model = trained.model and features.version = trained.version
    where greatest(features.univariate_score, features.univariate_auc) > {{ at_most }}

{% endtest %}
