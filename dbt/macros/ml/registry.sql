{#
    The name of a model node in the registry: its alias. All targets share the registry, so a
    developer's models carry the developer's name before a dot.
#}
{% macro registry_name(name) -%}
    {%- set alias = model_node(name).alias if execute else name -%}
    {{- alias if developer_prefix() == "" else target.schema ~ "." ~ alias -}}
{%- endmacro %}


{# Refuses a name that two model nodes would share: each would replace the other's champion. #}
{% macro check_registry_name(name) -%}
    {%- for node in graph.nodes.values() if is_ml_model(node.unique_id) -%}
        {%- if node.unique_id != model.unique_id and node.alias == model.alias -%}
            {%- do exceptions.raise_compiler_error(
                "The models "
                ~ node.unique_id
                ~ " and "
                ~ model.unique_id
                ~ " have the same alias, so both would be "
                ~ name
                ~ " in the registry. Give one of them another alias."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{# Whether a registry row belongs to this target. #}
{% macro is_own_model(column) -%}
    {%- if developer_prefix() == "" -%} {{ column }} not like '%.%'
    {%- else -%} {{ column }} like {{ sql_text(target.schema ~ ".%") }}
    {%- endif -%}
{%- endmacro %}


{#
    Names of the model nodes, as scripts/dbt_nodes.py reads them from models/ml/. `graph` has no nodes
    while dbt parses, which is when ref() is needed.
#}
{% macro trained_models() -%}
    {{- return(env_var("GLASSHOUSE_ML_MODELS").split()) -}}
{%- endmacro %}


{# Names of the model nodes that have a node pred_<name>. #}
{% macro predicted_models() -%}
    {{- return(env_var("GLASSHOUSE_PREDICTED_MODELS").split()) -}}
{%- endmacro %}


{#
    The champions' rows of one registry table, as a sub-select.

    dbt cannot see which model wrote which registry row, so each report that reads the registry waits
    for every model node, and so for its tests.
#}
{% macro of_champions(table) -%}
    {%- for name in trained_models() -%} {%- do ref(name) -%} {%- endfor -%}
    (
        select facts.*
        from {{ source("ml", table) }} as facts
        inner join
            {{ source("ml", "model_versions") }} as champions
            on champions.model = facts.model
            and champions.version = facts.version
        where champions.status = 'champion' and {{ is_own_model("champions.model") }}
    )
{%- endmacro %}


{# The rows of every version, whatever its status: for reports that look back. #}
{% macro of_all_versions(table) -%}
    {%- for name in trained_models() -%} {%- do ref(name) -%} {%- endfor -%}
    (select facts.* from {{ source("ml", table) }} as facts where {{ is_own_model("facts.model") }})
{%- endmacro %}


{#
    The champion of a model node, as a sub-select of one row: model, the label of the model, and the
    version that a prediction table shows beside its predictions.
#}
{% macro champion_of(name) -%}
    (
        select model, {{ model_label("model") }} as model_label, version as model_version
        from {{ source("ml", "model_versions") }}
        where status = 'champion' and model = {{ sql_text(registry_name(name)) }}
    )
{%- endmacro %}


{# The manifest's entry of a model by its name, or by the relation that ref() returns. #}
{% macro model_node(name) -%}
    {%- for node in graph.nodes.values() if node.resource_type == "model" -%}
        {%- if node.name == name or (name is not string and node.relation_name == name.render()) -%}
            {{- return(node) -}}
        {%- endif -%}
    {%- endfor -%}
    {{- exceptions.raise_compiler_error("There is no model named " ~ name ~ ".") -}}
{%- endmacro %}


{# The relation of a model; none before it was built. #}
{% macro model_relation(name) -%}
    {%- set node = model_node(name) -%}
    {{- return(adapter.get_relation(node.database, node.schema, node.alias)) -}}
{%- endmacro %}


{#
    Whether a model node was trained. One that lacks rows predicts no rows; one that was never built
    counts as trained, so that its use fails with an error that names what is missing.
#}
{% macro is_trained(relation) -%}
    {%- if not execute or not load_relation(relation) -%} {{- return(true) -}} {%- endif -%}
    {{-
        return(
            run_query("select 1 as found from " ~ relation.render() ~ " limit 1").rows | length
            > 0
        )
    -}}
{%- endmacro %}
