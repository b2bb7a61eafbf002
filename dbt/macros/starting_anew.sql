{#
    Runs before everything else, and drops what can no longer be added to, so that this build makes it
    from nothing:

    - all that grows, when other rows have been loaded in place of those its history was kept of
      (another source, another seed, an earlier day): that history is of a shop that is gone;
    - a grown table whose SQL has changed since, or a variable that its meta names in `made_with`: its
      older rows say what the older SQL said. The vault itself is never dropped for that: what it has
      seen cannot be seen again.
#}
{% macro start_anew_where_needed() %}
    {%- if execute and target.name != "admin" and flags.WHICH == "build" -%}
        {%- set marks = marks_relation() -%}
        {%- set known = {} -%}
        {%- for row in run_query("select name, mark from " ~ marks).rows -%}
            {%- do known.update({row[0]: row[1]}) -%}
        {%- endfor -%}
        {%- set now = {"shop": shop_mark()} -%}
        {%- set replaced = is_another_shop(known.get("shop", ""), now["shop"]) -%}
        {%- if replaced -%}
            {%- do log("The shop was replaced: its history starts anew", info=true) -%}
            {#- What was left of word about it is no longer true of anything. -#}
            {%- do run_statement(
                "delete from "
                ~ marks
                ~ " where name ~ ' (model|test)[.]' or name = 'sales'"
            ) -%}
        {%- endif -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == "model" and node.config.materialized == "incremental" -%}
            {%- set is_vault = node.fqn[1] == "vault" and node.fqn[2] != "bridges" -%}
            {%- set changed = (
                node.unique_id in selected_resources
                and not is_vault
                and known.get(node.unique_id) != made_from(node)
            ) -%}
            {%- set relation = adapter.get_relation(target.database, node.schema, node.alias) -%}
            {%- if relation and (replaced or changed) -%}
                {%- do adapter.drop_relation(relation) -%}
            {%- endif -%}
            {%- if node.unique_id in selected_resources -%}
                {%- do now.update({node.unique_id: made_from(node)}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for name, mark in now.items() -%}
            {%- do run_statement(leave_word(name, mark)) -%}
        {%- endfor -%}
        {#- Nothing else would: this hook leaves no statement for dbt to run. -#}
        {%- do run_statement("commit") -%}
    {%- endif -%}
{% endmacro %}


{# What run_query is to a query, for what returns no rows: of those it would make a table, and warn. #}
{% macro run_statement(sql) -%}
    {%- call statement(auto_begin=False) -%} {{ sql }} {%- endcall -%}
{%- endmacro %}


{# What a table that grows was made from: its SQL, and the variables its rows depend on. #}
{% macro made_from(node) -%}
    {%- set made_with = node.config.meta.get("made_with", []) -%}
    {{-
        return(
            node.checksum.checksum ~ ("" if not made_with else " with " ~ tojson(made_with))
        )
    -}}
{%- endmacro %}


{# Where builds leave word for later ones. #}
{% macro marks_relation() -%}
    {{- return(developer_prefix() ~ "vault.build_marks") -}}
{%- endmacro %}


{# The statement that leaves word of something, in the place of what was said of it before. #}
{% macro leave_word(name, mark) -%}
    {{-
        return(
            "insert into "
            ~ marks_relation()
            ~ " values ("
            ~ sql_text(name)
            ~ ", "
            ~ sql_text(mark)
            ~ ") on conflict (name) do update set mark = excluded.mark"
        )
    -}}
{%- endmacro %}


{# Before a run: the place for that. Functions are built by a role that leaves no word. #}
{% macro prepare_marks() -%}
    {%- if target.name != "admin" -%}
        {%- set marks = marks_relation() %}
        create schema if not exists {{ adapter.quote(developer_prefix() ~ "vault") }};
        create table if not exists {{ marks }} (name text primary key, mark text not null);
        comment on table {{ marks }} is 'What builds leave word of for later ones, so that they do what is new and nothing else';
        comment on column {{ marks }}.name is 'What it is about: shop, sales, or a dbt node, alone or after known, described, sound, view';
        comment on column {{ marks }}.mark is 'What the loader says it loaded; the load date up to which all rows have passed a test, and what was known of the shop then; up to when the source was read; what a node was made from; a day and a load date';
    {%- endif -%}
{%- endmacro %}


{# Whatever loads the shop says on shop.orders what it holds; empty when nobody has. #}
{% macro shop_mark() -%}
    {%- set orders = source("shop", "orders").include(database=false) -%}
    {{-
        return(
            run_query(
                "select coalesce(obj_description(to_regclass("
                ~ sql_text(orders)
                ~ "), 'pg_class'), '')"
            ).rows[0][0]
        )
    -}}
{%- endmacro %}


{#
    A shop that merely lives on keeps its mark but for the day at the end, which does not go back. One
    that was never marked is never taken for another.
#}
{% macro is_another_shop(before, now) -%}
    {%- set origin, _, until = now.partition(", until ") -%}
    {%- set origin_before, _, until_before = before.partition(", until ") -%}
    {{-
        return(
            before != "" and now != "" and (origin != origin_before or until < until_before)
        )
    -}}
{%- endmacro %}
