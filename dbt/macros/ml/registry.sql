{#
    The name of a model node in the registry: its alias. All targets share the registry, so a
    developer's models carry the developer's name before a dot. `model`: as in model_node.
#}
{% macro registry_name(model) -%}
    {%- set alias = model_node(model).alias if execute else model -%}
    {{- alias if developer_prefix() == "" else target.schema ~ "." ~ alias -}}
{%- endmacro %}


{# Refuses a name that PostgreSQL would shorten, that looks like a developer's, or that is not unique. #}
{% macro check_registry_name(node) -%}
    {%- set models = graph.nodes.values() | selectattr("config.materialized", "eq", "ml_model") -%}
    {%- set namesakes = (
        models | selectattr("alias", "eq", node.alias) | map(attribute="unique_id")
    ) -%}
    {%- set others = namesakes | reject("eq", node.unique_id) | list -%}
    {%- set problem = none -%}
    {%- if node.alias.encode("utf-8") | length > 63 -%}
        {%- set problem = "has a name of more than 63 bytes" -%}
    {%- elif node.alias.count(".") -%}
        {%- set problem = "has a dot in its name, which separates a developer from a model" -%}
    {%- elif others -%}
        {%- set problem = (
            "has the same alias as " ~ others[0] ~ ", so both would share one champion"
        ) -%}
    {%- endif -%}
    {%- if problem -%}
        {%- set message = "The model {} {}. Give it another alias." -%}
        {%- do exceptions.raise_compiler_error(message.format(node.unique_id, problem)) -%}
    {%- endif -%}
{%- endmacro %}


{# Whether a registry row belongs to this target. #}
{% macro is_own_model(column) -%}
    {%- if developer_prefix() == "" -%} {{ column }} not like '%.%'
    {%- else -%} {{ column }} like {{ sql_text(target.schema ~ ".%") }}
    {%- endif -%}
{%- endmacro %}


{#
    Names of the model nodes, as scripts/dbt_nodes.py reads them from models/ml/: `churn`, or `churn.v2`
    for a version. `graph` has no nodes while dbt parses, which is when ref() is needed.
#}
{% macro trained_models() -%}
    {{- return(env_var("GLASSHOUSE_ML_MODELS").split()) -}}
{%- endmacro %}


{# The relation of one of these. #}
{% macro ref_trained(name) -%}
    {%- set parts = name.split(".v") -%}
    {{- return(ref(parts[0], v=parts[1] if parts | length > 1 else none)) -}}
{%- endmacro %}


{# Names of the model nodes that have a node pred_<name>. #}
{% macro predicted_models() -%}
    {{- return(env_var("GLASSHOUSE_PREDICTED_MODELS").split()) -}}
{%- endmacro %}


{#
    The rows of one registry table, as a sub-select: those of every version, or of the champions alone.
    Malformed versions are left out (ml.malformed_versions); the alerts name them.

    dbt cannot see which model wrote which registry row, so each report that reads the registry waits
    for every model node, and so for its tests.

    Model and version come from the versions, of which there are few: a condition on the model's label
    then finds the facts of one model through their index.
#}
{% macro of_all_versions(table, condition="true") -%}
    {%- for name in trained_models() -%} {%- do ref_trained(name) -%} {%- endfor -%}
    {%- set columns = columns_of(source("ml", table)) | reject("in", ["model", "version"]) -%}
    (
        select
            versions.model,
            versions.version
            {%- for column in columns %}, facts.{{ adapter.quote(column) }} {%- endfor %}
        from {{ source("ml", table) }} as facts
        inner join
            {{ source("ml", "model_versions") }} as versions
            on versions.model = facts.model
            and versions.version = facts.version
        where
            {{ condition }}
            and {{ is_own_model("versions.model") }}
            and (versions.model, versions.version)
            not in (select model, version from {{ source("ml", "malformed_versions") }})
    )
{%- endmacro %}

{% macro of_champions(table) -%}
    {{ of_all_versions(table, "versions.status = 'champion'") }}
{%- endmacro %}


{#
    The champion of a model node, as a sub-select of one row: model, the label of the model, and the
    version that a prediction table shows beside its predictions.
#}
{% macro champion_of(model) -%}
    (
        select model, {{ model_label("model") }} as model_label, version as model_version
        from {{ source("ml", "model_versions") }}
        where status = 'champion' and model = {{ sql_text(registry_name(model)) }}
    )
{%- endmacro %}


{#
    The manifest's entry of a model: by the relation that ref() returns, or by its name. Of several
    versions, or of models in several packages, a name means the latest one of this project.
#}
{% macro model_node(model) -%}
    {%- if model.unique_id is defined -%} {{- return(model) -}} {%- endif -%}
    {%- set nodes = [] -%}
    {%- set name = model if model is string else model.render() -%}
    {%- for node in graph.nodes.values() if node.resource_type == "model" -%}
        {%- set names = [node.relation_name, node.unique_id.split(".", 2)[2]] -%}
        {%- if node.version == node.latest_version -%}
            {%- do names.append(node.name) -%}
        {%- endif -%}
        {%- if name in names -%}
            {%- do nodes.insert(0 if node.package_name == project_name else 99, node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not nodes -%}
        {%- do exceptions.raise_compiler_error("There is no model named " ~ model ~ ".") -%}
    {%- endif -%}
    {{- return(nodes[0]) -}}
{%- endmacro %}


{# The relation of a model; none before it was built. #}
{% macro model_relation(model) -%}
    {%- set node = model_node(model) -%}
    {{- return(adapter.get_relation(node.database, node.schema, node.alias)) -}}
{%- endmacro %}


{#
    Whether a model node was trained. One that lacks rows predicts no rows, as each does in a build
    with --empty; one that was never built counts as trained, so that its use fails with an error that
    names what is missing.
#}
{% macro is_trained(relation) -%}
    {%- if flags.EMPTY -%} {{- return(false) -}} {%- endif -%}
    {%- if not execute or not load_relation(relation) -%} {{- return(true) -}} {%- endif -%}
    {%- set query = "select 1 as found from " ~ relation.render() ~ " limit 1" -%}
    {{- return(run_query(query).rows | length > 0) -}}
{%- endmacro %}


{# Refuses rows that have no relation, where a function of the engine is to read them by name. #}
{% macro check_is_relation(rows, reader) -%}
    {%- if execute and rows.is_cte -%}
        {%- set message = "{} reads {}, which is ephemeral. Give that model materialized='view' or 'table'." -%}
        {%- do exceptions.raise_compiler_error(message.format(reader, rows.identifier)) -%}
    {%- endif -%}
{%- endmacro %}
