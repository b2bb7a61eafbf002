{# What a model's answers are made from, layer by layer, and what each layer is for. #}
with
    edges as (select * from {{ ref("rpt_lineage") }}),

    -- A model that was not trained, in a shop too small for it, has no page to stand on.
    nodes as (
        select distinct model, model_label, layer, node
        from edges
        where model in (select model from {{ ref("rpt_model_overview") }})
    ),

    layers(layer, layer_label, meaning, layer_order) as (
        values
            ('source', 'Sources', 'as the shop’s own systems keep them', 1),
            ('staging', 'Staging', 'the same, with clear names and types', 2),
            ('vault', 'Vault', 'the whole history: what was known when', 3),
            ('marts', 'Star', 'what charts and people ask of', 4),
            ('features', 'Features', 'what the model is told of each case', 5),
            ('ml', 'Model', 'what it has learned', 6),
            ('predictions', 'Predictions', 'what it says of each case today', 7)
    )

select
    -- ids
    nodes.model,
    nodes.layer,

    -- text
    nodes.model_label,
    layers.layer_label,
    layers.meaning,
    count(*) || case count(*) when 1 then ' table' else ' tables' end as shown,
    string_agg(nodes.node, chr(10) order by nodes.node) as names,

    -- numbers
    count(*) as tables,
    layers.layer_order
from nodes
inner join layers on layers.layer = nodes.layer
group by
    nodes.model,
    nodes.model_label,
    nodes.layer,
    layers.layer_label,
    layers.meaning,
    layers.layer_order
