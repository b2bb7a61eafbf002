{#
    Promotion after the tests. ml.train records a candidate, the materialization registers the tests
    of its node, and the test materialization records each result. The registry decides under the
    model's lock: the first failure rejects the candidate, the last pass makes it champion.
#}
{#
    Registers the tests of the node being built. Returns the version that they judge, or none: a refresh
    builds once more after a test has rejected a version (scripts/stack/dbt/rejections.py). A rejected
    version without a champion then counts as not trained, so that the model predicts no rows and
    everything else is built.
#}
{% macro judged_version(name, version) -%}
    {%- if env_var("GLASSHOUSE_LEAVE_OUT_REJECTED", "") and not has_champion_or_candidate(name) -%}
        {%- do log_model(name, "No version has passed its tests: the model predicts no rows") -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set can_be_promoted = config.get("options", {}).get("promote") != "never" -%}
    {%- set tests = promotion_tests(model) if can_be_promoted else none -%}
    {%- set query -%}
        select * from ml.expect_tests({{ sql_text(name) }}, {{ version }}, {{ sql_json(tests) }})
    {%- endset -%}
    {%- set judged = run_query(query).rows[0] -%}
    {%- if judged["message"] -%} {%- do log_model(name, judged["message"]) -%} {%- endif -%}
    {%- set left_out = (tests or {}) | reject("in", selected_resources) | list | length -%}
    {%- if left_out and judged["judged_version"] == version -%}
        {%- set message = "{} of the {} tests are not part of this run. A candidate becomes champion after: dbt test --select {}" -%}
        {%- do log_model(name, message.format(left_out, tests | length, model.name)) -%}
    {%- endif -%}
    {{- return(judged["judged_version"]) -}}
{%- endmacro %}


{% macro has_champion_or_candidate(name) -%}
    {%- set query -%}
        select 1
        from ml.model_versions
        where model = {{ sql_text(name) }} and status in ('champion', 'candidate')
        limit 1
    {%- endset -%}
    {{- return(run_query(query).rows | length > 0) -}}
{%- endmacro %}


{#
    The tests of a model node: unique id → hash of the definition. A test that also reads something
    built from the model is left out, because it cannot run before the promotion.
#}
{% macro promotion_tests(node) -%}
    {%- set tests = {} -%}
    {%- for test in graph.nodes.values() if test.resource_type == "test" -%}
        {%- if node.unique_id in tested_models(test) -%}
            {%- set definition = [test.raw_code, test.get("test_metadata"), test.config] -%}
            {%- do tests.update({test.unique_id: local_md5(tojson(definition))}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(tests) -}}
{%- endmacro %}


{# Ids of the model nodes that a test decides about. #}
{% macro tested_models(test) -%}
    {%- set tested = [] -%}
    {%- for id in test.depends_on.nodes if is_ml_model(id) and test.get("attached_node") in [none, id] -%}
        {%- set built_from = [] -%}
        {%- for other in test.depends_on.nodes if other != id and node_of(other) -%}
            {%- do built_from.extend(ancestors(other) | map(attribute="unique_id")) -%}
        {%- endfor -%}
        {%- if id not in built_from -%} {%- do tested.append(id) -%} {%- endif -%}
    {%- endfor -%}
    {{- return(tested) -}}
{%- endmacro %}


{% macro is_ml_model(id) -%}
    {{- return(id in graph.nodes and graph.nodes[id].config.materialized == "ml_model") -}}
{%- endmacro %}


{# In a refresh the champion stays in use whatever it fails, so that new rows are predicted. #}
{% macro keeps_champion(test) -%}
    {%- if not env_var("GLASSHOUSE_KEEP_CHAMPIONS", "") -%} {{- return(false) -}} {%- endif -%}
    {%- set champions = [] -%}
    {%- for id in tested_models(test) -%}
        {%- set query = "select 1 from " ~ graph.nodes[id].relation_name ~ " where champion" -%}
        {%- do champions.extend(run_query(query).rows) -%}
    {%- endfor -%}
    {{- return(champions | length > 0) -}}
{%- endmacro %}


{# dbt's own test, and after it the record of the result for each model node that it tests. #}
{% materialization test, adapter = "postgres" %}
    {%- set outcome = dbt.materialization_test_default() -%}
    {%- for id in tested_models(model) -%} {%- do record_test(id) -%} {%- endfor -%}
    {{ return(outcome) }}
{% endmaterialization %}


{% macro record_test(id) -%}
    {%- set query = "select model, version from " ~ graph.nodes[id].relation_name -%}
    {%- for name, version in run_query(query).rows -%}
        {%- set result = test_result() -%}
        {%- if result.status in ["fail", "warn"] -%}
            {%- set subject = result.subject or "number of failures" -%}
            {%- set message = "version {0}: {name}: {1} is {value}, limit {limit}" -%}
            {%- do log_model(name, message.format(version, subject, **result)) -%}
        {%- endif -%}
        {%- set query -%}
            select ml.record_test({{ sql_text(name) }}, {{ version }}, {{ sql_json(result) }})
        {%- endset -%}
        {%- set decision = run_query(query).rows[0][0] -%}
        {%- if decision -%} {%- do log_model(name, decision) -%} {%- endif -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
{%- endmacro %}


{#
    The result of the test being run. A test may say what failed in the columns subject, value and
    "limit" of its first row; for any other test the value is the number of failing rows.
#}
{% macro test_result() -%}
    {%- set outcome = load_result("main")["table"].rows[0] -%}
    {%- set is_error = (
        outcome["should_error"] and config.get("severity", "error") | lower == "error"
    ) -%}
    {%- set has_failed = is_error or (outcome["should_warn"] and flags.WARN_ERROR) -%}
    {%- set result = {
        "test": model.unique_id,
        "name": model.name,
        "failures": outcome["failures"] | int,
        "status": (
            "fail" if has_failed else "warn" if outcome["should_warn"] else "pass"
        ),
    } -%}
    {%- if result.status != "pass" -%}
        {%- set limit = config.get("error_if" if has_failed else "warn_if") -%}
        {%- set arguments = (model.get("test_metadata") or {}).get("kwargs") or {} -%}
        {%- set subject = arguments.get("column_name") -%}
        {%- do result.update(subject=subject, value=result.failures, limit=limit) -%}
        {%- set query = (
            "select to_jsonb(failures)::text from (\n" ~ sql ~ "\n) as failures limit 1"
        ) -%}
        {%- set rows = run_query(query).rows -%}
        {%- set row = fromjson(rows[0][0]) if rows else {} -%}
        {%- if "subject" in row and "value" in row and "limit" in row -%}
            {%- do result.update(subject=row.subject, value=row.value, limit=row.limit) -%}
        {%- endif -%}
    {%- endif -%}
    {{- return(result) -}}
{%- endmacro %}


{# One line on the screen, which build.py repeats where dbt's own output is hidden. #}
{% macro log_model(name, message) -%}
    {%- do log("Model " ~ name ~ ": " ~ message, info=true) -%}
{%- endmacro %}
