-- The outcome of each snapshot whose 90 days are over: a customer without a purchase in these 90
-- days has churned. It is told as it was valid when the 90 days ended, so it never changes.
with
    snapshots as (
        select customer_key, as_of
        from {{ ref("feat_customer__snapshots") }} as snapshots
        where
            not is_current
            and as_of + 90
            <= (select max(as_of) from {{ ref("feat_customer__snapshots") }} where is_current)
    ),

    labels as (select * from {{ churn_labels("snapshots") }} as labels)

select *
from labels
