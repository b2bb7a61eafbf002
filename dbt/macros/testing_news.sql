{#
    `make build` tests all rows. `make refresh` (GLASSHOUSE_TESTS=news) has each test read those that
    have arrived since it last passed: rows of the vault never change, and what was sound stays
    sound. In a table of ten million lines that is the difference between minutes and seconds. A
    generic test asks here what it is to read.
#}
{% macro postgres__get_where_subquery(relation) -%}
    {%- set rows = rows_to_test(relation) if execute else none -%}
    {%- if rows -%} {{- return("(" ~ rows ~ ") as news") -}} {%- endif -%}
    {{- return(default__get_where_subquery(relation)) -}}
{%- endmacro %}


{# The rows that the test at hand is to read, where they are not all. #}
{% macro rows_to_test(relation) -%}
    {%- set condition = news_to_test() -%}
    {%- if not condition -%} {{- return(none) -}} {%- endif -%}
    {%- if model.test_metadata and model.test_metadata.name == "unique" -%}
        {{- return(rows_of_keys_with(condition, relation, [model.column_name])) -}}
    {%- endif -%}
    {{- return("select * from " ~ relation ~ " where " ~ condition) -}}
{%- endmacro %}


{# Whether a key is unique is asked of the new keys, among all rows: in place of `rows`, the argument
   that a generic test has been given. #}
{% macro rows_of_new_keys(rows, key) -%}
    {%- set condition = news_to_test() if execute else none -%}
    {%- if not condition -%} {{- return(rows) -}} {%- endif -%}
    {%- set relation = graph.nodes[model.attached_node].relation_name -%}
    {{- return("(" ~ rows_of_keys_with(condition, relation, key) ~ ") as news") -}}
{%- endmacro %}


{% macro rows_of_keys_with(condition, relation, key) -%}
    {%- set listed = key | join(", ") -%}
    {%- set news = "select " ~ listed ~ " from " ~ relation ~ " where " ~ condition -%}
    {{- return("select * from " ~ relation ~ " where (" ~ listed ~ ") in (" ~ news ~ ")") -}}
{%- endmacro %}


{# What tells the rows that the test at hand is to read from the others; none where it reads all. #}
{% macro news_to_test() -%}
    {%- set tested = graph.nodes.get(model.attached_node) if model.attached_node else none -%}
    {#- Most tables do not say when a row came: those cost no question. -#}
    {%- if not tested or not says_when_it_came(tested) -%} {{- return(none) -}} {%- endif -%}
    {%- set since = sound_up_to() -%}
    {%- set condition = arrived_after(tested, since) if since else none -%}
    {%- if not condition -%} {{- return(none) -}} {%- endif -%}
    {%- if config.get("where") -%}
        {{- return(condition ~ " and (" ~ config.get("where") ~ ")") -}}
    {%- endif -%}
    {{- return(condition) -}}
{%- endmacro %}


{# What tells new rows of a node; none where its rows do not say when they came. #}
{% macro arrived_after(node, since) -%}
    {%- if "load_date" in node.columns -%} {{- return("load_date > " ~ since) -}} {%- endif -%}
    {{- return("updated_at >= " ~ sound_up_to("updated_at")) -}}
{%- endmacro %}


{# Tables that grow have a load date; the views on the shop show when a row was last changed. #}
{% macro says_when_it_came(node) -%}
    {%- set grows = node.config.materialized == "incremental" and "load_date" in node.columns -%}
    {%- set of_the_shop = node.fqn[1:3] in [["staging", "shop"], ["vault", "stages"]] -%}
    {%- set is_view = of_the_shop and "updated_at" in node.columns -%}
    {{- return(grows or is_view) -}}
{%- endmacro %}


{#
    The load date up to which rows have passed the test at hand, as SQL, or the latest `updated_at`
    that was known of the shop then; none where all rows are to be tested.
#}
{% macro sound_up_to(column="load_date") -%}
    {%- if env_var("GLASSHOUSE_TESTS", "all") != "news" -%} {{- return(none) -}} {%- endif -%}
    {%- set found = run_query(
        "select split_part(mark, ' | ', "
        ~ (1 if column == "load_date" else 2)
        ~ ") from "
        ~ marks_relation()
        ~ " where name = "
        ~ sql_text("sound " ~ model.unique_id)
    ).rows -%}
    {{- return("timestamp '" ~ found[0][0] ~ "'" if found else none) -}}
{%- endmacro %}


{#
    At the end of a run: what was loaded until it began has passed the tests that passed. Word is left
    of those alone for which all that grows before them was built too: otherwise rows that wait in one
    table would come into the next later, with the load date of an earlier day.
#}
{% macro remember_what_is_sound(results) -%}
    {%- if execute and target.name != "admin" and flags.WHICH == "build" -%}
        {%- set orders = model_relation("hub_order") -%}
        {%- set known = run_query("select max(known_at)::text from " ~ orders).rows[0][0] if orders -%}
        {%- set began = run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") -%}
        {%- set run = results | map(attribute="node.unique_id") | list -%}
        {%- set complete = {} -%}
        {%- for result in results
            if result.node.resource_type == "test"
            and result.status | string in ["pass", "warn"]
            and asks_what_is_new(result.node)
            and all_that_grows_was_built(result.node, run, complete) -%}
            {{
                leave_word(
                    "sound " ~ result.node.unique_id,
                    began ~ " | " ~ (known or "-infinity"),
                )
            }}
            ;
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{# Tests of a table whose rows say when they came, and those that stand in a file of their own. #}
{% macro asks_what_is_new(test) -%}
    {%- set tested = graph.nodes.get(test.attached_node) if test.attached_node else none -%}
    {{- return(not test.attached_node or (tested and says_when_it_came(tested))) -}}
{%- endmacro %}


{# Whether all growing tables before a node were built in a run; `complete`: what was found of others. #}
{% macro all_that_grows_was_built(node, run, complete) -%}
    {%- for id in node.depends_on.nodes if id in graph.nodes -%}
        {%- if id not in complete -%}
            {%- set before = graph.nodes[id] -%}
            {%- set built = id in run or not says_when_it_came(before) -%}
            {%- do complete.update(
                {id: built and all_that_grows_was_built(before, run, complete)}
            ) -%}
        {%- endif -%}
        {%- if not complete[id] -%} {{- return(false) -}} {%- endif -%}
    {%- endfor -%}
    {{- return(true) -}}
{%- endmacro %}
