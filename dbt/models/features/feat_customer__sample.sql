{{ config(materialized="ephemeral") }}

select
    least(
        1, 2 ^ ceil(log(2, {{ var("training_customers") }}::numeric / greatest(count(*), 1)))
    ) as share
from {{ ref("hub_customer") }}
