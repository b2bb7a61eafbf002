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
    {%- do check_is_relation(rows, "predict()") -%}
    {%- set node = model_node(model) -%}
    {%- set key = key_of_predictions(node) -%}
    {%- set arguments -%}
        (
            {{ sql_text(registry_name(node)) }},
            {{ sql_text("select * from " ~ rows) }},
            {{ version or "null" }}
        )
    {%- endset -%}
    {%- if not is_trained(model) -%}
        (
            select
                {{ key }},
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


{# The column that names the rows of a model's predictions, quoted. #}
{% macro key_of_predictions(node) -%}
    {%- if not node.config.get("key") -%}
        {%- set message = "The model {} has no key, so nothing names the rows of its predictions. Add key='…' to its config." -%}
        {%- do exceptions.raise_compiler_error(message.format(node.name)) -%}
    {%- endif -%}
    {{- return(adapter.quote(node.config.key)) -}}
{%- endmacro %}


{#
    Whether the registry has the version of a model node, or its champion where none is given. Tells
    of a candidate that waits for its tests, and raises an error if there is no champion to use instead.
#}
{% macro has_version(node, version) -%}
    {%- set registry = source("ml", "model_versions") -%}
    {%- if not load_relation(registry) -%} {{- return(false) -}} {%- endif -%}
    {%- set query -%}
        select
            bool_or({{ "version = " ~ version if version else "status = 'champion'" }}) as found,
            max(version) filter (
                where status = 'candidate' and options @> '{"await_tests": true}'
            ) as candidate
        from {{ registry.render() }}
        where model = {{ sql_text(registry_name(node)) }}
    {%- endset -%}
    {%- set found, candidate = run_query(query).rows[0].values() -%}
    {%- if candidate and not version -%}
        {%- set message = "version {} of {} waits for its tests. Run: dbt build --select {}+{}" -%}
        {%- set message = message.format(candidate, node.name, node.name, advice_on_tests(node)) -%}
        {%- if not found -%}
            {%- do exceptions.raise_compiler_error("There is no champion yet: " ~ message) -%}
        {%- endif -%}
        {%- do log_model(registry_name(node), "predict() uses the champion; " ~ message) -%}
    {%- endif -%}
    {{- return(found) -}}
{%- endmacro %}


{#
    dbt runs a test that reads a second table before the predictions only if these depend on that table
    too. Says how they come to depend on it; empty if no test of the model node reads a second table.
#}
{% macro advice_on_tests(node) -%}
    {%- set references = [] -%}
    {%- for test in promotion_tests(node) -%}
        {%- for id in graph.nodes[test].depends_on.nodes if id != node.unique_id and node_of(id) -%}
            {%- do references.append("{{ ref('" ~ node_of(id).name ~ "') }}") -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set advice = ". A test reads another table: add `-- depends_on: {}` to the model that predicts" -%}
    {{- advice.format(references | unique | join(" ")) if references -}}
{%- endmacro %}
