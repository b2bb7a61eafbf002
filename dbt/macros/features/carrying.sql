{#
    Most customers do nothing on most days. What a feature group said of such a customer yesterday
    holds today, but for what has grown older by a day; so it is carried over, and only customers
    with news are described anew. A group that wants this says so in its first line:

        {{ carried_over({"recency_days": "recency_days + days"}, windows=[90, 365]) }}

    `columns`: what becomes of those that change as time goes by, `days` being how much of it has;
    the others stay. `windows`: days after which an order counts no longer for some column. `news`:
    a macro that gives, as a query, the customers who have news beyond that of their order lines; it
    takes what described_before and described_today return.

    Carried over is what would be described: test_shop_history.py compares the two.
#}
{% macro carried_over(columns={}, windows=[], news=none) -%}
    {{- config(meta={"carried_over": {"columns": columns, "windows": windows, "news": news}}) -}}
{%- endmacro %}


{# Whether the group at hand takes the snapshots of a day over to the next. #}
{% macro is_carried() -%}
    {{- return(execute and "carried_over" in config.get("meta", {})) -}}
{%- endmacro %}


{#
    Before a group is built: what may be carried over is, and whatever else may have changed is
    forgotten, as are days that are no snapshot any more. The group then describes what is missing.
#}
{% macro carry_snapshots_over() -%}
    {#- Named here, because dbt wants to know them before anything is executed. -#}
    {%- set snapshots, _ = ref("feat_customer__snapshots"), ref("bridge_order_lines") -%}
    {%- if execute and is_incremental() -%}
        {%- set before, today = described_before(), described_today(snapshots) -%}
        {%- if before and today and is_carried() and before.day <= today.day -%}
            {%- set carried = config.get("meta").carried_over -%}
            delete from {{ this }}
            where
                as_of = date '{{ before.day }}'
                and customer_key in (
                    {{ customers_with_news(before, today, carried.windows) }}
                    {%- if carried.news %}
                        union all
                        {{ context[carried.news](before, today) }}
                    {%- endif %}
                )
            ;
            {%- if before.day < today.day %}
                update {{ this }}
                set
                {%- for column, value in carried.columns.items() %}
                    {{ adapter.quote(column) }} = {{ value }},
                {%- endfor %}
                    as_of = date '{{ today.day }}'
                from (select date '{{ today.day }}' - date '{{ before.day }}' as days) as passed
                where as_of = date '{{ before.day }}';
            {%- endif -%}
        {%- else -%}
            {%- for described in [before, today] if described %}
                delete from {{ this }}
                where as_of = date '{{ described.day }}'
                ;
            {%- endfor -%}
        {%- endif %}
        delete from {{ this }} as described
        where
            not exists (
                select
                from {{ snapshots }} as snapshots
                where
                    snapshots.customer_key = described.customer_key
                    and snapshots.as_of = described.as_of
            )
        ;
        {#- A table and not a query, so that the planner knows how few they are, or how many: it would
        think of one, and join hundreds of thousands of rows in nested loops. #}
        create temporary table snapshots_to_describe on commit drop as
        select customer_key, as_of
        from {{ snapshots }} as snapshots
        where
            not exists (
                select
                from {{ this }} as described
                where
                    described.customer_key = snapshots.customer_key
                    and described.as_of = snapshots.as_of
            )
        ;
        analyze snapshots_to_describe
        ;
    {%- endif -%}
{%- endmacro %}


{# After a group is built: up to when it knows. #}
{% macro remember_what_was_described() -%}
    {%- set of_itself = model.name == "feat_customer__snapshots" -%}
    {%- set snapshots = this if of_itself else ref("feat_customer__snapshots") -%}
    {%- set today = described_today(snapshots) if execute else none -%}
    {%- if today -%}
        {{ leave_word("described " ~ model.unique_id, today.day ~ " " ~ today.load_date) }}
    {%- endif -%}
{%- endmacro %}


{# The day that the group at hand last described as today, and the load date of what it knew then. #}
{% macro described_before() -%}
    {%- set found = run_query(
        "select split_part(mark, ' ', 1), substr(mark, 12) from "
        ~ marks_relation()
        ~ " where name = "
        ~ sql_text("described " ~ model.unique_id)
    ).rows -%}
    {{- return({"day": found[0][0], "load_date": found[0][1]} if found else none) -}}
{%- endmacro %}


{# The day that is today, and the load date of what is known; none in a shop without customers. #}
{% macro described_today(snapshots) -%}
    {%- set query -%}
        select
            (select max(as_of)::text from {{ snapshots }} where is_current),
            (select max(load_date)::text from {{ ref("bridge_order_lines") }})
    {%- endset -%}
    {%- set found = run_query(query).rows[0] -%}
    {{- return({"day": found[0], "load_date": found[1]} if found[0] else none) -}}
{%- endmacro %}


{#
    Customers of whose order lines more is known than before, or whose orders have come or gone by
    the passing of time alone. A line with news is asked for all that was known of it: it may have
    been another customer's.
#}
{% macro customers_with_news(before, today, windows=[]) -%}
    select customer_key
    from {{ ref("bridge_order_lines") }}
    where
        order_line_key in (
            select order_line_key
            from {{ ref("bridge_order_lines") }}
            where load_date > timestamp '{{ before.load_date }}'
        )
    {%- for window in [0] + windows %}
        union all
        select customer_key
        from {{ ref("bridge_order_lines") }}
        where
            ordered_at >= date '{{ before.day }}' + 1 - {{ window }}
            and ordered_at < date '{{ today.day }}' + 1 - {{ window }}
    {%- endfor %}
{%- endmacro %}


{# Keys of which a satellite says something new: loaded since, or dated later than that day. #}
{% macro news_in(satellite, key, before) -%}
    select {{ key }}
    from {{ satellite }}
    where load_date > timestamp '{{ before.load_date }}' or known_at >= date '{{ before.day }}' + 1
{%- endmacro %}


{# For feat_customer__profile. #}
{% macro customers_who_told_of_themselves(before, today) -%}
    {{ news_in(ref("sat_customer__contact"), "customer_key", before) }}
    union all
    {{ news_in(ref("sat_customer__account"), "customer_key", before) }}
{%- endmacro %}


{# For feat_customer__prices: who has ever bought what now has another price. #}
{% macro customers_of_moved_prices(before, today) -%}
    select customer_key
    from {{ ref("bridge_order_lines") }}
    where
        product_key in (
            select product_key
            from {{ ref("feat_product__prices") }}
            where load_date > timestamp '{{ before.load_date }}'
        )
{%- endmacro %}


{#
    For feat_customer__deliveries: whose order waits has waited longer, or does not wait any more. An
    order that is cancelled, or is not any more, is news in itself.
#}
{% macro customers_with_orders_on_their_way(before, today) -%}
    select customer_key
    from {{ ref("feat_order__waiting") }}
    union all
    select links.customer_key
    from {{ ref("sat_order__placed") }} as placed
    inner join
        {{ ref("link_order__placed") }} as links on links.order_placed_key = placed.order_placed_key
    where placed.order_key in ({{ news_in(ref("sat_order__shipped"), "order_key", before) }})
{%- endmacro %}


{# For feat_order__waiting: orders of which a satellite has said something new. #}
{% macro orders_with_news(since) -%}
    {%- for satellite in ["sat_order__placed", "sat_order__shipped", "sat_order__status"] %}
        select order_key
        from {{ ref(satellite) }}
        where load_date > {{ since }} {{ "union all" if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# Before it is built: what is looked at again is forgotten. #}
{% macro forget_orders_with_news() -%}
    {#- Named here, because dbt wants to know them before anything is executed. -#}
    {%- set news = orders_with_news(loaded_up_to()) -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where order_key in ({{ news }})
    {%- endif -%}
{%- endmacro %}
