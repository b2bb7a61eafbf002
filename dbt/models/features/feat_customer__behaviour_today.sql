select customer_key, as_of, log_recency, log_orders, log_spent
from {{ ref("feat_customer__behaviour") }}
where is_current
