-- What came of the customers that churn was predicted for or who were on a call list, once the 90
-- days are over.
with
    predictions as (
        select distinct key::uuid as customer_key, period::date as as_of
        from {{ ref("prediction_log") }}
        where model = {{ sql_text(registry_name("churn")) }}
        union
        select customer_key, as_of
        from {{ ref("call_list_log") }}
    ),

    due as (
        select *
        from predictions
        where
            as_of + 90
            <= (select max(as_of) from {{ ref("feat_customer__snapshots") }} where is_current)
    ),

    labels as (select * from {{ churn_labels("due") }} as labels)

select customer_key::text as key, to_char(as_of, 'YYYY-MM-DD') as period, churned as truth
from labels
