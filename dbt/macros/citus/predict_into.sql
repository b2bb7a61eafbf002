{#
    Predictions of a model node's champion for the rows of a table, as the whole SQL of a model with
    materialized='ml_predictions'.

        {{ predict_into(ref('churn'), ref('feat_customer__current')) }}

    The columns are <key>, prediction, score, probabilities. If the rows are distributed on a Citus
    cluster, each worker predicts its own rows, and the predictions are stored beside them. On a single
    server the result is the same.
#}
{% macro predict_into(model, rows, version=none) -%}
    {%- set predict_function = function("predict_into") -%}
    {%- if not execute -%} {{- return("") -}} {%- endif -%}
    {%- do check_is_relation(rows, "predict_into()") -%}
    {%- set node = model_node(model) -%}
    {%- set key = key_of_predictions(node) -%}
    {%- set draft = make_intermediate_relation(this) -%}
    {%- if is_distributed(rows) %}
        {# One connection to each worker, as ml.predict_into needs it in a transaction. #}
        select set_config('citus.multi_shard_modify_mode', 'sequential', true)
        ;
    {%- endif %}
    create table {{ draft }} as
    select
    {{ key }},
        null::text as prediction,
        null::float8 as score,
        null::jsonb as probabilities
    from {{ rows }}
    with no data
    ;
    {%- if is_distributed(rows) %}
        select
            create_distributed_table(
                {{ sql_text(draft.render()) }},
                {{ sql_text(node.config.key) }},
                colocate_with => {{ sql_text(rows.render()) }}
            )
        ;
    {%- endif -%}
    {%- if is_trained(model) -%}
        {%- do has_version(node, version) %}
        select
            {{ predict_function }} (
                {{ sql_text(registry_name(node)) }},
                {{ sql_text(rows.render()) }},
                {{ sql_text(draft.render()) }},
                {{ version or "null" }}
            )
        ;
    {%- endif -%}
{%- endmacro %}


{# Whether Citus stores the rows of a relation by the hash of a column. #}
{% macro is_distributed(relation) -%}
    {%- set query -%}
        select 1
        from pg_dist_partition
        where logicalrelid = to_regclass({{ sql_text(relation.render()) }}) and partmethod = 'h'
    {%- endset -%}
    {{- return(has_citus() and run_query(query).rows | length > 0) -}}
{%- endmacro %}


{# The node's SQL, from predict_into(), fills a new table, which then takes the place of the old one. #}
{% materialization ml_predictions, adapter = "postgres" %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set draft = make_intermediate_relation(target_relation) -%}
    {{ drop_relation_if_exists(load_cached_relation(draft)) }}
    {%- call build_relation(target_relation) -%}
        {%- call statement("rows") -%} {{ sql }} {%- endcall -%}
        {%- do drop_relation_if_exists(existing) -%}
        {{ get_rename_sql(draft, target_relation.identifier) }}
    {%- endcall -%}
    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}
