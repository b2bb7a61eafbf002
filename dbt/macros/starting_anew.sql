{#
    Runs before everything else, and drops what can no longer be added to, so that this build makes it
    from nothing:

    - all that grows, when other rows have been loaded in place of those its history was kept of
      (another source, another seed, an earlier day): that history is of a shop that is gone;
    - a grown table whose SQL has changed since: its older rows say what the older SQL said. The
      vault itself is never dropped for that: what it has seen cannot be seen again.
#}
{% macro start_anew_where_needed() %}
    {%- if execute and target.name != "admin" and flags.WHICH == "build" -%}
        {%- set marks = marks_relation() -%}
        {%- do run_query(marks_table(marks)) -%}
        {%- set known = {} -%}
        {%- for row in run_query("select name, mark from " ~ marks).rows -%}
            {%- do known.update({row[0]: row[1]}) -%}
        {%- endfor -%}
        {%- set now = {"shop": shop_mark()} -%}
        {%- set replaced = is_another_shop(known.get("shop", ""), now["shop"]) -%}
        {%- if replaced -%}
            {%- do log("The shop was replaced: its history starts anew", info=true) -%}
        {%- endif -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == "model" and node.config.materialized == "incremental" -%}
            {%- set is_vault = node.fqn[1] == "vault" and node.fqn[2] != "bridges" -%}
            {%- set changed = (
                node.unique_id in selected_resources
                and not is_vault
                and known.get(node.unique_id, node.checksum.checksum)
                != node.checksum.checksum
            ) -%}
            {%- set relation = adapter.get_relation(target.database, node.schema, node.alias) -%}
            {%- if relation and (replaced or changed) -%}
                {%- do adapter.drop_relation(relation) -%}
            {%- endif -%}
            {%- if node.unique_id in selected_resources -%}
                {%- do now.update({node.unique_id: node.checksum.checksum}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for name, mark in now.items() -%}
            {%- do run_query(leave_word(name, mark)) -%}
        {%- endfor -%}
        {#- Nothing else would: this hook leaves no statement for dbt to run. -#}
        {%- do run_query("commit") -%}
    {%- endif -%}
{% endmacro %}


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


{% macro marks_table(marks) -%}
    create table if not exists {{ marks }} (name text primary key, mark text not null);
    comment on table {{ marks }} is 'What the last build was made from: the shop, and the SQL of each table that grows; and what it found sound';
    comment on column {{ marks }}.name is 'shop, sound up to, or a dbt node';
    comment on column {{ marks }}.mark is 'What the loader says it loaded; the load date up to which all rows have passed their tests; the checksum of the SQL';
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
