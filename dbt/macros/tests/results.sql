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

{#
    After a run: the newest result of each test; tests that are no longer in the project go. A test
    of row_constraints is shown rule by rule.
#}
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
            {%- set sentences = sentences_of(node) -%}
            {%- set broken = broken_rules(result) -%}
            {%- for sentence in sentences -%}
                {%- set failures = (
                    result.failures if broken is none else broken.get(loop.index, 0)
                ) -%}
                {%- set passed = broken is not none and not failures -%}
                {%- do rows.append(
                    "("
                    ~ [
                        sql_text(sentence.test),
                        sql_text(tested.name if tested else node.name),
                        sql_text(layer),
                        sql_text(sentence.column),
                        sql_text(sentence.kind),
                        sql_text(sentence.words),
                        sql_text("pass" if passed else result.status | string),
                        failures if failures is not none else "null",
                        result.execution_time / (sentences | length),
                    ]
                    | join(", ") ~ ", now())"
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set known = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == "test" -%}
            {%- for sentence in sentences_of(node) -%}
                {%- do known.append(sql_text(sentence.test)) -%}
            {%- endfor -%}
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

{# The sentences a test asks: as many as it has rules, or one. #}
{% macro sentences_of(node) -%}
    {%- set kind = node.test_metadata.name if node.test_metadata else "query" -%}
    {%- if kind != "row_constraints" -%}
        {{-
            return(
                [
                    {
                        "test": node.name,
                        "column": node.column_name,
                        "kind": kind,
                        "words": test_in_words(node),
                    }
                ]
            )
        -}}
    {%- endif -%}
    {%- set sentences = [] -%}
    {%- for rule in row_constraint_rules(node.test_metadata.kwargs) -%}
        {%- do sentences.append(
            {
                "test": node.name ~ " " ~ rule.number,
                "column": rule.column,
                "kind": rule.kind,
                "words": rule.words | replace("_", " "),
            }
        ) -%}
    {%- endfor -%}
    {{- return(sentences) -}}
{%- endmacro %}

{#
    Rows that break each rule of a failed test of row_constraints, by the number of the rule; none where
    it did not fail. Says on the screen what is wrong (build.py looks for these words): dbt itself
    says how many wrongs there are.
#}
{% macro broken_rules(result) -%}
    {%- set test = result.node.test_metadata.name if result.node.test_metadata else none -%}
    {%- if test != "row_constraints" or result.status | string not in ["fail", "warn"] -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set broken = {} -%}
    {%- for number, what, rows in run_query(result.node.compiled_code).rows -%}
        {%- do broken.update({number | int: broken.get(number | int, 0) + rows | int}) -%}
        {%- set tested = graph.nodes[result.node.attached_node].name -%}
        {%- do log("Broken rows: " ~ tested ~ ": " ~ what ~ " (" ~ rows ~ ")", info=True) -%}
    {%- endfor -%}
    {{- return(broken) -}}
{%- endmacro %}

{# What a test says when it passes, for people who do not know dbt. #}
{% macro test_in_words(node) -%}
    {%- set kind = node.test_metadata.name if node.test_metadata else "query" -%}
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
