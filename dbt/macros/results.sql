{#
    dbt's own test results as rows, so that people can see on a dashboard what was tested. dbt knows
    them only when everything else is done, so they are written at the end of a run, and
    rpt_test_results is a view: it is never a run behind.
#}
{% macro results_table() -%}
    {{- adapter.quote(developer_prefix() ~ "reports") }}.{{ adapter.quote("dbt_test_results") -}}
{%- endmacro %}

{# Before a run: the place the results go to. Functions are built by a role that owns no report. #}
{% macro prepare_results() -%}
    {%- if target.name != "admin" -%}
        create schema if not exists {{ adapter.quote(developer_prefix() ~ "reports") }};
        create table if not exists {{ results_table() }} (
            test text primary key,
            model text not null,
            layer text not null,
            "column" text,
            kind text not null,
            words text not null,
            status text not null,
            failures bigint,
            seconds double precision,
            tested_at timestamptz not null
        );
        comment on table {{ results_table() }} is 'The newest result of each of dbt''s tests';
        {%- set meanings = {
            "test": "Name of the test",
            "model": "What it tests; its own name where it reads more than one thing",
            "layer": "The layer that belongs to",
            "column": "The column it is about; NULL where it is about rows",
            "kind": "The generic test, or query",
            "words": "What holds when it passes, in words",
            "status": "pass, fail, warn, error or skipped",
            "failures": "Rows that break it",
            "seconds": "How long it took",
            "tested_at": "When",
        } -%}
        {%- for column, meaning in meanings.items() %}
            comment on column {{ results_table() }}.{{ adapter.quote(column) }} is {{ sql_text(meaning) }};
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}

{# After a run: the newest result of each test; tests that are no longer in the project go. #}
{% macro record_results(results) -%}
    {%- if execute and target.name != "admin" -%}
        {%- set rows = [] -%}
        {%- for result in results if result.node.resource_type == "test" -%}
            {%- set node = result.node -%}
            {%- set tested = graph.nodes.get(node.attached_node) if node.attached_node else none -%}
            {%- set layer = (
                "words"
                if tested and tested.resource_type == "seed"
                else (tested.fqn[1] if tested else "project")
            ) -%}
            {%- do rows.append(
                "("
                ~ [
                    sql_text(node.name),
                    sql_text(tested.name if tested else node.name),
                    sql_text(layer),
                    sql_text(node.column_name),
                    sql_text(node.test_metadata.name if node.test_metadata else "query"),
                    sql_text(test_in_words(node)),
                    sql_text(result.status | string),
                    result.failures if result.failures is not none else "null",
                    result.execution_time,
                ]
                | join(", ") ~ ", now())"
            ) -%}
        {%- endfor -%}
        {%- set known = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == "test" -%}
            {%- do known.append(sql_text(node.name)) -%}
        {%- endfor -%}
        delete from {{ results_table() }}
        where not (test = any(array[{{ known | join(", ") }}]::text[]))
        ;
        {% if rows -%}
            insert into {{ results_table() }}
            values {{ rows | join(",\n") }}
            on conflict (test) do update set
                model = excluded.model, layer = excluded.layer, "column" = excluded."column",
                kind = excluded.kind, words = excluded.words, status = excluded.status,
                failures = excluded.failures, seconds = excluded.seconds,
                tested_at = excluded.tested_at;
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# What a test says when it passes, for people who do not know dbt. #}
{% macro test_in_words(node) -%}
    {%- set kind = node.test_metadata.name if node.test_metadata else "query" -%}
    {%- set arguments = node.test_metadata.kwargs if node.test_metadata else {} -%}
    {%- set column = (node.column_name or "") | replace("_", " ") -%}
    {%- if kind == "not_null" -%} {{- column }} is never missing
    {%- elif kind == "never_missing" -%}
        {{- arguments.columns | join(", ") | replace("_", " ") }} are never missing
    {%- elif kind == "unique" -%} {{- column }} is never there twice
    {%- elif kind == "unique_together" -%}
        {{- arguments.columns | join(", ") | replace("_", " ") }} together name one row
    {%- elif kind == "relationships" -%} {{- column }} is known where it comes from
    {%- elif kind == "accepted_values" -%} {{- column }} is one of the agreed words
    {%- elif kind == "between" -%}
        {{- column }} lies between {{ arguments.low }} and {{ arguments.high }}
    {%- elif kind == "metric_at_least" -%}
        the model reaches {{ arguments.metric | replace("_", " ") }} of {{ arguments.value }}
    {%- elif kind == "beats_baseline" -%} the model is better than the simple rule
    {%- else -%} {{- (node.description or node.name) | replace("_", " ") }}
    {%- endif -%}
{%- endmacro %}
