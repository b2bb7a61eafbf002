{#
    How rpt_sales grows. It shows whole months only, the last 36 of them, so that a month that ends
    changes some rows of earlier years too.
#}
{# The last month that is over, and whether there are two years to compare, as SQL literals. #}
{% macro whole_months() -%}
    {%- set lines = ref("fct_order_lines") -%}
    {%- set found = {"last": "null::date", "has_year_before": "false"} -%}
    {%- if execute and load_relation(lines) -%}
        {%- set query -%}
            with
                bounds as (
                    select
                        date_trunc('month', min(date_day))::date as first,
                        -- The last month counts from the day on which it is over.
                        (date_trunc('month', max(date_day) + 1) - interval '1 month')::date as last
                    from {{ lines }}
                )
            select last::text, coalesce(first <= (last - interval '23 months')::date, false)
            from bounds
        {%- endset -%}
        {%- set row = run_query(query).rows[0] -%}
        {%- if row[0] -%}
            {%- do found.update(
                {
                    "last": "date '" ~ row[0] ~ "'",
                    "has_year_before": row[1] | string | lower,
                }
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {{- return(found) -}}
{%- endmacro %}


{# What rpt_sales was counted from when it was built last; none when that is not known. #}
{% macro sales_before() -%}
    {%- set query -%}
        select mark from {{ marks_relation() }} where name = 'sales'
    {%- endset -%}
    {%- set found = run_query(query).rows -%}
    {%- if not found -%} {{- return(none) -}} {%- endif -%}
    {%- set last, has_year_before, load_date = found[0][0].split("; ") -%}
    {{- return({"last": last, "has_year_before": has_year_before, "load_date": load_date}) -}}
{%- endmacro %}


{#
    A condition on the lines of obt_order_lines: orders with one of them are to be counted anew. Beside
    lines with news they are, when months have ended since, those of these months and of the same
    months in earlier years: they are shown a year later, are no longer of the last year, or have
    become too old.
#}
{% macro lines_that_change_sales() -%}
    {%- set before, now = sales_before(), whole_months() -%}
    {%- if not before or before.has_year_before != now.has_year_before or before.last > now.last -%}
        {{- return("true") -}}
    {%- endif -%}
    load_date > timestamp '{{ before.load_date }}'
    {%- if before.last != now.last %}
        or extract(month from date_day) in (
            select extract(month from ended)
            from
                generate_series(
                    {{ before.last }} + interval '1 month', {{ now.last }}, interval '1 month'
                ) as ended
        )
    {%- endif -%}
{%- endmacro %}


{#
    The lines that rpt_sales is to count: of whole orders, as long as one of their lines has changed
    something. Those of a day are looked up, order by order: the planner takes an order for ten times
    as long as it is, and would read all lines. Of a month, that is the better way.
#}
{% macro lines_to_count() -%}
    {%- set lines, links = ref("obt_order_lines"), ref("link_order__product") -%}
    {%- if not execute or not is_incremental() -%} {{- return(lines) -}} {%- endif -%}
    {%- set before, now = sales_before(), whole_months() -%}
    (
        {% if before and before.last == now.last and before.has_year_before == now.has_year_before %}
            select counted.*
            from
                (
                    select distinct order_number
                    from {{ lines }}
                    where {{ lines_that_change_sales() }}
                ) as news
            cross join
                lateral
                (
                    select *
                    from {{ lines }}
                    where
                        order_line_key in (
                            select order_line_key
                            from {{ links }}
                            where order_key = {{ hash_key(["news.order_number"]) }}
                        )
                    -- Keeps it a look-up for each.
                    offset 0
                ) as counted
        {% else %}
            select *
            from {{ lines }}
            where
                order_number
                in (select order_number from {{ lines }} where {{ lines_that_change_sales() }})
        {% endif %}
    )
{%- endmacro %}


{# Before rpt_sales is built: what is to be counted anew is forgotten. #}
{% macro forget_sales() -%}
    {%- set lines = ref("obt_order_lines") -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }}
        where
            order_hash in (
                select hashtextextended(order_number, 0)
                from {{ lines }}
                where {{ lines_that_change_sales() }}
            )
    {%- endif -%}
{%- endmacro %}


{# After rpt_sales was built: what it was counted from. #}
{% macro remember_sales() -%}
    {%- set lines, now = ref("obt_order_lines"), whole_months() -%}
    {%- if execute -%}
        {%- set loaded = run_query("select max(load_date)::text from " ~ lines).rows[0][0] -%}
        {%- if loaded -%}
            {{ leave_word("sales", [now.last, now.has_year_before, loaded] | join("; ")) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
