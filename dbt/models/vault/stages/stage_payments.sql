select
    {{ hash_key(["payments.payment_number"]) }} as payment_key,
    {{ hash_key_or_unknown("orders.order_number") }} as order_key,
    {{ hash_key_or_unknown("customers.customer_number") }} as customer_key,
    {{ hash_key(["payments.payment_number", "orders.order_number", "customers.customer_number"]) }}
    as payment_made_key,
    payments.payment_number,
    payments.paid_at,
    payments.amount,
    payments.method,
    payments.recorded_at,
    payments.updated_at
from {{ ref("stg_shop__payments") }} as payments
left join {{ ref("stg_shop__orders") }} as orders on orders.order_id = payments.order_id
left join
    {{ ref("stg_shop__customers") }} as customers on customers.customer_id = payments.customer_id
