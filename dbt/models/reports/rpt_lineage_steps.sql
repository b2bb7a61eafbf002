{# The tables a model's answers are made from, each once, in the column of its layer. #}
with
    edges as (select * from {{ ref("rpt_lineage") }}),

    -- A model that was not trained, in a shop too small for it, has no page to stand on.
    nodes as (
        select distinct model, model_label, layer, node
        from edges
        where model in (select model from {{ ref("rpt_model_overview") }})
    )

select
    -- ids
    model,
    node,

    -- text
    model_label,
    case
        layer when 'source' then 'Sources' when 'ml' then 'Model' else {{ humanize("layer") }}
    end as layer_label,

    -- numbers
    dense_rank() over (partition by model order by position) as layer_order,
    row_number() over (partition by model, layer order by node) as place
from
    (
        select
            nodes.*,
            array_position(
                array['source', 'staging', 'vault', 'marts', 'features', 'ml', 'predictions'], layer
            ) as position
        from nodes
    ) as placed
