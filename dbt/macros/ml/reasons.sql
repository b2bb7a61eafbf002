{#
    A feature and its value as people say it: `Last order 120 days ago`. The words stand beside the
    column, as its meta.reason, with {} for the value; without them its name has to do.
#}
{% macro reason(feature, value, model) -%}
    {%- set shown -%}
        case
            when {{ value }} is null
            then 'not known'
            when {{ value }} ~ '^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$'
            then
                {{ short_number("(" ~ value ~ ")::numeric") }}
            else {{ value }}
        end
    {%- endset -%}
    {%- set worded = [] -%}
    {%- if execute -%}
        {%- for column in feature_columns(model) if column.reason -%}
            {%- do worded.append(column) -%}
        {%- endfor -%}
    {%- endif -%}
    replace(
        coalesce(
            {% for column in worded %}
                case
                    when {{ feature }} = {{ sql_text(column.name) }}
                    then {{ sql_text(column.reason) }}
                end,
            {% endfor %}
            {{ humanize(feature) }} || ' {}'
        ),
        '{}',
        {{ shown }}
    )
{%- endmacro %}


{#
    The features of a model node, taken from the manifest: each column of each feature group the
    model reads, directly or through other models, as {name, group, owner, description, reason}.
    Can be called only while dbt runs, when it has read all files.
#}
{% macro feature_columns(model_name) -%}
    {%- set found = [] -%}
    {%- for node in ancestors(model_node(model_name).unique_id) if node.config.get("meta", {}).get("feature_group") -%}
        {%- for column in node.columns.values() -%}
            {%- do found.append(
                {
                    "name": column.name,
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


{# Every node a node is made from, itself first, each once and nearest first. #}
{% macro ancestors(unique_id) -%}
    {%- set found, waiting = [], [unique_id] -%}
    {%- for _ in range(10000) if waiting -%}
        {%- set id = waiting.pop(0) -%}
        {%- set node = graph.nodes.get(id) or graph.sources.get(id) -%}
        {%- if node and node not in found -%}
            {%- do found.append(node) -%}
            {%- do waiting.extend(node.get("depends_on", {}).get("nodes", [])) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{%- endmacro %}
