{#
    Citus refuses some statements on distributed tables, such as a join of two tables by another column
    than that which distributes them, or grouping sets. So a statement reads each distributed table
    once, whole, through the coordinator, where every statement is possible:

        with gathered_hub_order as materialized (select * from vault.hub_order) select * from (…)

    `pushdown: true` in the config of a model says that Citus can divide its statement among the
    workers as it stands; then the rows stay there. Generic tests read one table in a simple way.
#}
{% macro gathered(sql) -%}
    {%- if config.get("pushdown") or model.test_metadata or not has_citus() -%}
        {{- return(sql) -}}
    {%- endif -%}
    {%- set query -%}
        select relnamespace::regnamespace::text, relname
        from pg_dist_partition
        inner join pg_class on oid = logicalrelid
        where partmethod = 'h'
    {%- endset -%}
    {#- Every second part is a text or a comment. A text can be a query that a function runs. -#}
    {%- set parts = modules.re.split("('(?:[^']|'')*'|\$\w*\$[\s\S]*?\$\w*\$|--[^\n]*)", sql) -%}
    {%- set steps = [] -%}
    {%- for schema, name in run_query(query).rows -%}
        {%- set table = api.Relation.create(target.dbname, schema, name).render() -%}
        {%- set step = adapter.quote("gathered_" ~ name) -%}
        {%- if table in parts[::2] | join -%}
            {%- do steps.append(step ~ " as materialized (select * from " ~ table ~ ")") -%}
            {%- for index in range(0, parts | length, 2) -%}
                {%- do parts.insert(index, parts.pop(index) | replace(table, step)) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not steps -%} {{- return(sql) -}} {%- endif -%}
    {%- set steps = "with " ~ steps | join(",\n") -%}
    {{- return(steps ~ "\nselect * from (\n" ~ parts | join ~ "\n) as statement") -}}
{%- endmacro %}
