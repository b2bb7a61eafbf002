select *
from {{ feature_groups("customer", "feat_customer__snapshots", where="is_current") }} as described
