{#
    Rows and age of every source table and of every table of the star. They are taken from the graph,
    so a new table is included without a line here; dbt needs no edge for it, because the reports are
    built last. For more than a million rows the planner's estimate is shown: counting tens of millions
    takes longer than any other report.
#}
{%- set counted_up_to = 1000000 -%}
{%- do ref("rpt_model_overview") -%}
{%- set counted_nodes = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == "model" and node.fqn[1] in ("staging", "marts") -%}
        {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
        {%- if relation -%}
            {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute="name") -%}
            {%- set plan = run_query("explain select from " ~ relation).rows[0][0] -%}
            {%- set about = modules.re.search("rows=([0-9]+)", plan).group(1) | int -%}
            {%- do counted_nodes.append(
                {
                    "node": node,
                    "relation": relation,
                    "dated": "updated_at" in (columns | list),
                    "about": about if about > counted_up_to else none,
                }
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endif -%}
with
    tables as (
        {% for item in counted_nodes %}
            select
                {{ sql_text(item.node.name) }} as table_name,
                {{ sql_text(item.node.fqn[1]) }} as layer,
                {{ sql_text(item.node.description.strip().split("\n")[0]) }} as description,
                {{ "true" if item.about else "false" }} as is_about,
                {% if item.about %}
                    round({{ item.about }}, {{ 3 - item.about | string | length }})::bigint
                {% else %} (select count(*) from {{ item.relation }})
                {% endif %} as rows,
                -- A subquery of its own, so that an index answers it without a scan of all rows.
                {% if item.dated %} (select max(updated_at) from {{ item.relation }})::timestamptz
                {% else %} null::timestamptz
                {% endif %} as newest_at {{ "union all" if not loop.last }}
        {% else %}
            select
                null::text as table_name,
                null::text as layer,
                null::text as description,
                null::boolean as is_about,
                null::bigint as rows,
                null::timestamptz as newest_at
            where false
        {% endfor %}
    )

select
    -- ids
    table_name,

    -- text
    {{ humanize("regexp_replace(table_name, '^(stg_[a-z0-9]+__|dim_|fct_|obt_)', '')") }}
    -- Both the fact and the wide table are of order lines.
    || case when table_name like 'obt%' then ', one wide table' else '' end as table_label,
    case layer when 'staging' then 'Source' else 'Star' end as layer_label,
    description,
    case when is_about then 'about ' else '' end || {{ counted("rows") }} as value_text,
    coalesce(
        to_char(newest_at, 'FMDD FMMonth YYYY, HH24:MI'),
        case layer when 'staging' then 'loaded once' else 'rebuilt by the last build' end
    ) as newest_text,

    -- numbers
    rows,
    case layer when 'staging' then 1 else 2 end as layer_order,

    -- dates
    newest_at
from tables
