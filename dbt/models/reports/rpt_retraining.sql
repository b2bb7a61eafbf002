{{ config(materialized="view") }}

{# Each decision whether to train a model again, the newest first. #}
with
    decisions as (
        select * from {{ source("ml", "retraining_decisions") }} where {{ is_own_model("model") }}
    )

select
    -- ids
    model,
    champion,
    version,

    -- text
    {{ model_label("model") }} as model_label,
    case when retrain then 'trained' else 'kept' end as decision,
    reason,
    case when retrain then 'watch' else 'good' end as state,
    to_char(decided_at, 'FMDD Mon YYYY, HH24:MI') as decided_at_text,

    -- numbers
    row_number() over (partition by model order by decided_at desc) as newest_rank,

    -- dates
    decided_at
from decisions
