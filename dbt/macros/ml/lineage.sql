{#
    What the manifest knows of how nodes hang together. All of it can be called only while dbt runs,
    when it has read all files: wrap it in `if execute`.
#}
{#
    The features of a model node, taken from the manifest: each column of each feature group the
    model reads, directly or through other models, as {name, label, group, owner, description, reason}.
    Can be called only while dbt runs, when it has read all files.
#}
{% macro feature_columns(model_name) -%}
    {%- set found = [] -%}
    {%- for node in ancestors(model_node(model_name).unique_id) if node.config.get("meta", {}).get("feature_group") -%}
        {%- for column in node.columns.values() -%}
            {%- do found.append(
                {
                    "name": column.config.get("meta", {}).get("age") or column.name,
                    "label": label_of(column),
                    "group": node.config.meta.feature_group,
                    "owner": node.config.meta.owner,
                    "description": column.description,
                    "reason": column.get("meta", {}).get("reason")
                    or column.get("config", {}).get("meta", {}).get("reason"),
                }
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{%- endmacro %}


{#
    A column as people call it: its meta.label, or its description where that is short enough to
    stand beside a bar; none where neither is there.
#}
{% macro label_of(column) -%}
    {%- set said = (column.description or "").split(";")[0].strip().rstrip(".") -%}
    {{-
        return(
            column.get("meta", {}).get("label")
            or column.get("config", {}).get("meta", {}).get("label")
            or (said if 0 < said | length <= 52 else none)
        )
    -}}
{%- endmacro %}


{# Every node a node is made from, itself first, each once and nearest first. #}
{% macro ancestors(unique_id) -%}
    {%- set found, seen, waiting = [], [unique_id], [unique_id] -%}
    {%- for _ in range(10000) if waiting -%}
        {%- set node = node_of(waiting.pop(0)) -%}
        {%- do found.append(node) -%}
        {%- for parent in parents_of(node) if parent not in seen -%}
            {%- do seen.append(parent) -%} {%- do waiting.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{%- endmacro %}


{#
    Ids of the tables a node reads. The registry and the seeds that name things are left out: they say
    nothing of where data comes from.
#}
{% macro parents_of(node) -%}
    {%- set found = [] -%}
    {%- for id in node.get("depends_on", {}).get("nodes", []) -%}
        {%- set parent = node_of(id) -%}
        {%- if parent and (
            parent.resource_type == "model"
            or (parent.resource_type == "source" and parent.source_name != "ml")
        ) -%}
            {%- do found.append(id) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{%- endmacro %}


{# A model, seed or source by its id. #}
{% macro node_of(unique_id) -%}
    {{- return(graph.nodes.get(unique_id) or graph.sources.get(unique_id)) -}}
{%- endmacro %}


{# The layer a node belongs to: the folder of a model, or `source`. #}
{% macro layer_of(node) -%}
    {{- return("source" if node.resource_type == "source" else node.fqn[1]) -}}
{%- endmacro %}


{# A node as people call it: `shop.orders`, `fct_order_lines`. #}
{% macro node_label(node) -%}
    {{-
        return(
            node.source_name ~ "." ~ node.name if node.resource_type == "source" else node.name
        )
    -}}
{%- endmacro %}
