{#
    dbt's own test results as rows, for the dashboards. dbt knows them only when everything else is
    done, so they are written at the end of a run into dbt_test_results.

    The newest result of each test stays; tests that are no longer in the project are deleted. A test of
    row_constraints has a row for each rule.
#}
{% macro record_results(results) -%}
    {%- set report = "model." ~ project_name ~ ".dbt_test_results" -%}
    {%- set is_reported = execute and target.name != "admin" and report in graph.nodes -%}
    {%- set table = model_relation("dbt_test_results") if is_reported -%}
    {%- if table -%}
        {%- set rows, other_tests = [], [] -%}
        {%- for result in results if result.node.resource_type == "test" -%}
            {%- set statements = test_statements(result.node) -%}
            {%- set broken = broken_rules(result) -%}
            {%- for statement in statements -%}
                {%- set failures = (
                    result.failures if broken is none else broken.get(loop.index, 0)
                ) -%}
                {%- set passed = broken is not none and not failures -%}
                {%- do rows.append(
                    dict(
                        statement,
                        failures=failures,
                        status="pass" if passed else result.status | string,
                        seconds=result.execution_time / (statements | length),
                        tested_at=run_started_at.isoformat(),
                    )
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for node in graph.nodes.values() if node.resource_type == "test" -%}
            {%- do other_tests.extend(test_statements(node) | map(attribute="test")) -%}
        {%- endfor -%}
        {%- set tests = rows | map(attribute="test") | list -%}
        {%- set other_tests = other_tests | reject("in", tests) | list -%}
        delete from {{ table }}
        where test not in (select jsonb_array_elements_text({{ sql_json(other_tests) }}))
        ;
        insert into {{ table }}
        select *
        from jsonb_populate_recordset(null::{{ table }}, {{ sql_json(rows) }})
        ;
    {%- endif -%}
{%- endmacro %}

{# What a test states, with the model and layer that it is about: one entry, or one for each rule. #}
{% macro test_statements(node) -%}
    {%- set kind = node.test_metadata.name if node.test_metadata else "query" -%}
    {%- set tested = graph.nodes.get(node.attached_node or "") -%}
    {%- set is_seed = tested and tested.resource_type == "seed" -%}
    {%- set facts = {
        "test": node.name,
        "model": tested.name if tested else node.name,
        "layer": "seeds" if is_seed else tested.fqn[1] if tested else "project",
        "column": node.column_name or none,
        "kind": kind,
        "statement": test_statement(node, kind),
    } -%}
    {%- if kind != "row_constraints" -%} {{- return([facts]) -}} {%- endif -%}
    {%- set statements = [] -%}
    {%- for rule in row_constraint_rules(node.test_metadata.kwargs) -%}
        {%- do statements.append(
            dict(
                facts,
                test=node.name ~ " " ~ loop.index,
                column=rule.column,
                kind=rule.kind,
                statement=rule.statement | replace("_", " "),
            )
        ) -%}
    {%- endfor -%}
    {{- return(statements) -}}
{%- endmacro %}

{#
    Rows that break each rule of a failed test of row_constraints, by the number of the rule; none where
    it did not fail. Names them on the screen (build.py looks for the beginning of the line), because
    dbt itself prints only how many rules are broken.
#}
{% macro broken_rules(result) -%}
    {%- set test = result.node.test_metadata.name if result.node.test_metadata else none -%}
    {%- if test != "row_constraints" or result.status | string not in ["fail", "warn"] -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set broken = {} -%}
    {%- for number, problem, rows in run_query(result.node.compiled_code).rows -%}
        {%- do broken.update({number | int: broken.get(number | int, 0) + rows | int}) -%}
        {%- set tested = graph.nodes[result.node.attached_node].name -%}
        {%- do log("Broken rows: " ~ tested ~ ": " ~ problem ~ " (" ~ rows ~ ")", info=True) -%}
    {%- endfor -%}
    {{- return(broken) -}}
{%- endmacro %}

{# What holds when a test passes, for people who do not know dbt. #}
{% macro test_statement(node, kind) -%}
    {%- set arguments = node.test_metadata.kwargs if node.test_metadata else {} -%}
    {%- set column = (node.column_name or "") | replace("_", " ") -%}
    {%- if kind == "not_null" -%} {{- column }} is never missing
    {%- elif kind == "unique" -%} {{- column }} is unique
    {%- elif kind == "relationships" -%} {{- column }} refers to an existing row
    {%- elif kind == "accepted_values" -%} {{- column }} is one of the accepted values
    {%- elif kind == "metric_at_least" -%}
        the model reaches {{ arguments.metric | replace("_", " ") }} of {{ arguments.value }}
    {%- elif kind == "beats_baseline" -%} the model is better than the simple rule
    {%- else -%} {{- (node.description or node.name) | replace("_", " ") }}
    {%- endif -%}
{%- endmacro %}
