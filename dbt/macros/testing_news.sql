{#
    `make build` tests all rows. `make refresh` (GLASSHOUSE_TESTS=news) tests those that have arrived
    since the last run that found nothing wrong: rows of the vault never change, and what was
    sound stays sound. In a table of ten million lines that is the difference between minutes and
    seconds. A generic test asks here what it is to read.
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
    {%- set known = sound_up_to("known of the shop then") -%}
    {{- return("updated_at >= " ~ known if known else none) -}}
{%- endmacro %}


{# Tables that grow have a load date; the views on the shop show when a row was last changed. #}
{% macro says_when_it_came(node) -%}
    {%- set grows = node.config.materialized == "incremental" and "load_date" in node.columns -%}
    {%- set of_the_shop = node.fqn[1:3] in [["staging", "shop"], ["vault", "stages"]] -%}
    {%- set is_view = of_the_shop and "updated_at" in node.columns -%}
    {{- return(grows or is_view) -}}
{%- endmacro %}


{#
    The load date up to which rows are known to be sound, as SQL, or what was known of the shop then;
    none where all rows are to be tested.
#}
{% macro sound_up_to(name="sound up to") -%}
    {%- if env_var("GLASSHOUSE_TESTS", "all") != "news" -%} {{- return(none) -}} {%- endif -%}
    {%- set found = run_query(
        "select mark from " ~ marks_relation() ~ " where name = " ~ sql_text(name)
    ).rows -%}
    {{- return("timestamp '" ~ found[0][0] ~ "'" if found else none) -}}
{%- endmacro %}


{#
    At the end of a run: rows loaded until it began are sound, if every test that reads rows by
    their arrival was run, and nothing in the run has failed.
#}
{% macro remember_what_is_sound(results) -%}
    {%- if execute and target.name != "admin" and flags.WHICH == "build" -%}
        {%- set run, failed, untested = [], [], [] -%}
        {%- for result in results -%}
            {%- do run.append(result.node.unique_id) -%}
            {%- if result.status | string in ["error", "fail", "skipped", "runtime error"] -%}
                {%- do failed.append(result.node.unique_id) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == "test" and node.unique_id not in run -%}
            {%- set tested = graph.nodes.get(node.attached_node) if node.attached_node else none -%}
            {%- if tested and says_when_it_came(tested) -%}
                {%- do untested.append(node.unique_id) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if not failed and not untested -%}
            {{ leave_word("sound up to", run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f")) }}
            ;
            {%- set orders = model_relation("hub_order") -%}
            {%- if orders %}
                {%- set known = run_query("select max(known_at)::text from " ~ orders).rows[0][
                    0
                ] -%}
                {{ leave_word("known of the shop then", known or "-infinity") }}
                ;
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
