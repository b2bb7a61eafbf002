{#
    dbt's own test results as rows, for the dashboards. dbt knows them only when everything else is
    done, so they are written at the end of a run, and rpt_test_results is a view on them.
#}
{% macro results_table() -%}
    {{- adapter.quote(developer_prefix() ~ "reports") }}.{{ adapter.quote("dbt_test_results") -}}
{%- endmacro %}

{# Before a run: the table of the results, if it is missing. The role that builds functions has none. #}
{% macro prepare_results() -%}
    {%- set schema = developer_prefix() ~ "reports" -%}
    {%- if execute and target.name != "admin" and not adapter.get_relation(
        target.database, schema, "dbt_test_results"
    ) -%}
        create schema if not exists {{ adapter.quote(schema) }};
        create table if not exists {{ results_table() }} (
            test text primary key,
            model text not null,
            layer text not null,
            "column" text,
            kind text not null,
            statement text not null,
            status text not null,
            failures bigint,
            seconds double precision,
            tested_at timestamptz not null
        );
        comment on table {{ results_table() }} is
            'The newest result of each dbt test';
        {%- for column, text in {
            "test": "Name of the test",
            "model": "The tested model; the name of the test if it reads several",
            "layer": "Layer of the model",
            "column": "The tested column; NULL if the test is about rows",
            "kind": "The generic test, or query",
            "statement": "What holds if the test passes",
            "status": "pass, fail, warn, error or skipped",
            "failures": "Number of rows that fail",
            "seconds": "Run time",
            "tested_at": "Time of the test",
        }.items() %}
            comment on column {{ results_table() }}.{{ adapter.quote(column) }} is {{ sql_text(text) }};
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}

{#
    After a run: the newest result of each test; tests that are no longer in the project are deleted.
    A test of row_constraints has a row for each rule.
#}
{% macro record_results(results) -%}
    {%- if execute and target.name != "admin" -%}
        {%- set rows, project_tests = [], [] -%}
        {%- for result in results if result.node.resource_type == "test" -%}
            {%- set statements = test_statements(result.node) -%}
            {%- set broken = broken_rules(result) -%}
            {%- for statement in statements -%}
                {%- set failures = (
                    result.failures if broken is none else broken.get(loop.index, 0)
                ) -%}
                {%- set passed = broken is not none and not failures -%}
                {%- do statement.update(
                    failures=failures,
                    status="pass" if passed else result.status | string,
                    seconds=result.execution_time / (statements | length),
                    tested_at=run_started_at.isoformat(),
                ) -%}
                {%- do rows.append(statement) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for node in graph.nodes.values() if node.resource_type == "test" -%}
            {%- do project_tests.extend(test_statements(node) | map(attribute="test")) -%}
        {%- endfor -%}
        delete from {{ results_table() }}
        where test not in (select jsonb_array_elements_text({{ sql_json(project_tests) }}))
        ;
        insert into {{ results_table() }} as existing
        select *
        from jsonb_populate_recordset(null::{{ results_table() }}, {{ sql_json(rows) }})
        on conflict (test) do update set
            model = excluded.model, layer = excluded.layer, "column" = excluded."column",
            kind = excluded.kind, statement = excluded.statement, status = excluded.status,
            failures = excluded.failures, seconds = excluded.seconds,
            tested_at = excluded.tested_at;
    {%- endif -%}
{%- endmacro %}

{# What a test states, with the model and layer that it is about: one entry, or one for each rule. #}
{% macro test_statements(node) -%}
    {%- set kind = node.test_metadata.name if node.test_metadata else "query" -%}
    {%- set tested = graph.nodes.get(node.attached_node or "") -%}
    {%- set facts = {
        "test": node.name,
        "model": tested.name if tested else node.name,
        "layer": (
            "project"
            if not tested
            else "seeds" if tested.resource_type == "seed" else tested.fqn[1]
        ),
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
