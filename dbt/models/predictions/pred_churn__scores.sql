-- The churn probability of each customer; pred_churn adds the reasons to those that have changed.
with
    predictions as (select * from {{ predict(ref("churn"), ref("feat_customer__current")) }}),

    champion as (select * from {{ champion_of("churn") }} as champion)

select
    current.customer_key,
    current.as_of,
    predictions.prediction,
    predictions.score,
    champion.model,
    champion.model_label,
    champion.model_version
from predictions
inner join
    {{ ref("feat_customer__current") }} as current
    on current.customer_key = predictions.customer_key
cross join champion
