{# The tables behind a model's predictions by layer, with the purpose of each layer. #}
with
    edges as (select * from {{ ref("rpt_lineage") }}),

    -- A model that was not trained, because the shop is too small, has no page.
    nodes as (
        select distinct model, model_label, layer, node
        from edges
        where model in (select model from {{ ref("rpt_model_overview") }})
    ),

    layers(layer, layer_label, meaning, layer_order) as (
        values
            ('source', 'Sources', 'tables of the shop’s own systems', 1),
            ('staging', 'Staging', 'the same rows, with clear names and types', 2),
            ('vault', 'Vault', 'the full history, with the time of each change', 3),
            ('marts', 'Star', 'facts and dimensions for analysis', 4),
            ('features', 'Features', 'the inputs of the model for each case', 5),
            ('ml', 'Model', 'the trained model', 6),
            ('predictions', 'Predictions', 'the current prediction for each case', 7)
    )

select
    -- ids
    nodes.model,
    nodes.layer,

    -- text
    nodes.model_label,
    layers.layer_label,
    layers.meaning,
    count(*) || case count(*) when 1 then ' table' else ' tables' end as value_text,
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
