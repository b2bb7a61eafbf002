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

    labels as (select * from {{ churn_labels("due") }} as labels),

    channels as (select distinct customer_key, channel from {{ ref("dim_customers") }})

select
    labels.customer_key::text as key,
    to_char(labels.as_of, 'YYYY-MM-DD') as period,
    labels.churned as truth,
    channels.channel as segment
from labels
left join channels on channels.customer_key = labels.customer_key
