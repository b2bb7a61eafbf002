{#
    Predictions of a model node's champion for the rows of a relation, as a sub-select with the
    columns <key>, prediction, score, probabilities.

        select * from {{ predict(ref('churn'), ref('feat_customer__current')) }}

    The key keeps the name and the type that it has in the rows. ml.compile returns plain SQL for a
    linear model, so that a view can hold it; the view keeps that version until the next build. Any
    other model is called through ml.predict. A model that lacks rows to train on predicts no rows.
#}
{% macro predict(model, rows, version=none) -%}
    {%- set compile_function = function("compile") -%}
    {%- set predict_function = function("predict") -%}
    {%- if not execute -%} {{- return("(select 1) as predictions") -}} {%- endif -%}
    {%- set node = model_node(model) -%}
    {%- if not node.config.get("key") -%}
        {%- do exceptions.raise_compiler_error(
            "The model "
            ~ node.name
            ~ " has no key, so predict() cannot name its rows. Add key='…' to its config."
        ) -%}
    {%- elif rows.is_cte -%}
        {%- do exceptions.raise_compiler_error(
            "predict() reads "
            ~ rows.identifier
            ~ ", which is ephemeral. Give that model materialized='view' or 'table'."
        ) -%}
    {%- endif -%}
    {%- set arguments -%}
        (
            {{ sql_text(registry_name(node.name)) }},
            {{ sql_text("select * from " ~ rows) }},
            {{ version or "null" }}
        )
    {%- endset -%}
    {%- if flags.EMPTY or not is_trained(model) -%}
        (
            select
                {{ adapter.quote(node.config.key) }},
                null::text as prediction,
                null::float8 as score,
                null::jsonb as probabilities
            from {{ rows }}
            where false
        ) as predictions
    {%- elif has_version(node, version) and load_relation(rows) -%}
        ({{ run_query("select " ~ compile_function ~ arguments).rows[0][0] }}) as predictions
    {%- else -%}
        {# Without a version to compile, running this raises an error that says what is missing. #}
        (select * from {{ predict_function }} {{ arguments }}) as predictions
    {%- endif -%}
{%- endmacro %}


{# Whether the registry has the version of a model node, or its champion where none is given. #}
{% macro has_version(node, version) -%}
    {%- set registry = source("ml", "model_versions") -%}
    {%- if not load_relation(registry) -%} {{- return(false) -}} {%- endif -%}
    {%- set found = run_query(
        "select 1 as found from "
        ~ registry.render()
        ~ " where model= "
        ~ sql_text(registry_name(node.name))
        ~ " and "
        ~ ("version = " ~ version if version else "status = 'champion'")
    ) -%}
    {{- return(found.rows | length > 0) -}}
{%- endmacro %}
