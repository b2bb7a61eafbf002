{# An edge for each table that a prediction is made from, down to the sources, as dbt's manifest has it. -#}
{%- set edges = [] -%}
{%- for name in predicted_models() -%}
    {%- do ref("pred_" ~ name) -%}
    {%- if execute -%}
        {%- for node in ancestors(model_node("pred_" ~ name).unique_id) -%}
            {%- set position = loop.index -%}
            {%- for parent in parents_of(node) or [none] -%}
                {%- set edge = {
                    "model": registry_name(name),
                    "position": position,
                    "about": node.description,
                } -%}
                {#- A source is shown as `shop.orders`; the layer of a model is its folder. -#}
                {%- for side, end in {"node": node, "parent": node_of(parent)}.items() if end -%}
                    {%- set is_source = end.resource_type == "source" -%}
                    {%- do edge.update(
                        {
                            side: (
                                end.source_name ~ "." ~ end.name
                                if is_source
                                else end.name
                            ),
                            side ~ "_layer": "source" if is_source else end.fqn[1],
                        }
                    ) -%}
                {%- endfor -%}
                {%- do edges.append(edge) -%}
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
                    {{ sql_text(edge.node_layer) }},
                    {{ sql_text(edge.node) }},
                    {{ sql_text(edge.get("parent_layer")) }},
                    {{ sql_text(edge.get("parent")) }},
                    {{ sql_text(edge.about | trim) }}
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
