{#
    Relationships between the nodes of the manifest. Call these macros while dbt runs and has read all
    files: wrap them in `if execute`.

    The features of a model node: each column of each feature group that the model reads, directly or
    through other models, as {name, label, group, owner, description, reason}.
#}
{% macro feature_columns(model_name) -%}
    {%- set features = [] -%}
    {%- for node in ancestors(model_node(model_name).unique_id) if node.config.get("meta", {}).get("feature_group") -%}
        {%- for column in node.columns.values() -%}
            {%- do features.append(
                {
                    "name": column.meta.get("age") or column.name,
                    "label": label_of(column),
                    "group": node.config.meta.feature_group,
                    "owner": node.config.meta.owner,
                    "description": column.description,
                    "reason": column.meta.get("reason"),
                }
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(features) -}}
{%- endmacro %}


{# The label of a column: its meta.label, or its description if that is short enough for a chart. #}
{% macro label_of(column) -%}
    {%- set summary = (column.description or "").split(";")[0].strip().rstrip(".") -%}
    {%- set is_short = 0 < summary | length <= 52 -%}
    {{- return(column.meta.get("label") or (summary if is_short else none)) -}}
{%- endmacro %}


{# A node and every node it is built from, each once and nearest first. #}
{% macro ancestors(unique_id) -%}
    {%- set nodes, seen, queue = [], [unique_id], [unique_id] -%}
    {%- for _ in range(10000) if queue -%}
        {%- set node = node_of(queue.pop(0)) -%}
        {%- do nodes.append(node) -%}
        {%- for parent in parents_of(node) if parent not in seen -%}
            {%- do seen.append(parent) -%} {%- do queue.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(nodes) -}}
{%- endmacro %}


{# Ids of the tables a node reads, without the registry and seeds: no data comes from those. #}
{% macro parents_of(node) -%}
    {%- set parents = [] -%}
    {%- for id in node.get("depends_on", {}).get("nodes", []) -%}
        {%- set parent = node_of(id) -%}
        {%- if parent and (
            parent.resource_type == "model"
            or (parent.resource_type == "source" and parent.source_name != "ml")
        ) -%}
            {%- do parents.append(id) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(parents) -}}
{%- endmacro %}


{# A model, seed or source by its id. #}
{% macro node_of(unique_id) -%}
    {{- return(graph.nodes.get(unique_id) or graph.sources.get(unique_id)) -}}
{%- endmacro %}
