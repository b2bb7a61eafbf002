{# An edge for each table that a prediction is made from, down to the sources, as dbt's manifest has it. -#}
{%- set edges = [] -%}
{%- for name in predicted_models() -%}
    {%- do ref("pred_" ~ name) -%}
    {%- if execute -%}
        {%- for node in ancestors(model_node("pred_" ~ name).unique_id) -%}
            {%- set position = loop.index -%}
            {%- for parent in parents_of(node) or [none] -%}
                {%- do edges.append(
                    {"model": registry_name(name), "position": position, "node": node, "parent": node_of(parent) if parent}
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endfor -%}

with
    edges(model, position, layer, node, parent_layer, parent, description) as (
        values
            (null::text, null::integer, null::text, null::text, null::text, null::text, null::text)
            {% for edge in edges %}
                ,
                (
                    {{ sql_text(edge.model) }},
                    {{ edge.position }},
                    {{ sql_text(layer_of(edge.node)) }},
                    {{ sql_text(node_label(edge.node)) }},
                    {{ sql_text(layer_of(edge.parent) if edge.parent else none) }},
                    {{ sql_text(node_label(edge.parent) if edge.parent else none) }},
                    {{ sql_text(edge.node.description | trim) }}
                )
            {% endfor %}
    )

select
    model,
    {{ model_label("model") }} as model_label,
    position,
    layer,
    node,
    parent_layer,
    parent,
    description
from edges
where model is not null
