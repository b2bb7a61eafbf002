{#
    Rows and age of every table as it comes and of every table of the star. They are taken from the
    graph, so a new table is counted without a line here; dbt needs no edge for it, because the
    reports are built last anyway.
#}
{%- do ref("rpt_model_overview") -%}
{%- set counted_nodes = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == "model" and node.fqn[1] in ("staging", "marts") -%}
        {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
        {%- if relation -%}
            {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute="name") -%}
            {%- do counted_nodes.append(
                {
                    "node": node,
                    "relation": relation,
                    "dated": "updated_at" in (columns | list),
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
                -- Apart, so that each is asked of an index and not of ten million rows.
                (select count(*) from {{ item.relation }}) as rows,
                {% if item.dated %} (select max(updated_at) from {{ item.relation }})::timestamptz
                {% else %} null::timestamptz
                {% endif %} as newest_at {{ "union all" if not loop.last }}
        {% else %}
            select
                null::text as table_name,
                null::text as layer,
                null::text as description,
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
    case layer when 'staging' then 'As it comes' else 'Star' end as layer_label,
    description,
    {{ counted("rows") }} as shown,
    coalesce(
        to_char(newest_at, 'FMDD FMMonth YYYY, HH24:MI'),
        case layer when 'staging' then 'loaded once' else 'made by the last build' end
    ) as shown_newest,

    -- numbers
    rows,
    case layer when 'staging' then 1 else 2 end as layer_order,

    -- dates
    newest_at
from tables
