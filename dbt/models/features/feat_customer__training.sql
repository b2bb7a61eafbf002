-- Each snapshot whose 90 days are over, with what came of it.
select described.*, labels.churned
from
    {{ feature_groups("customer", "feat_customer__snapshots", where="not is_current") }}
    as described
inner join
    {{ ref("feat_customer__labels") }} as labels
    on labels.customer_key = described.customer_key
    and labels.as_of = described.as_of
