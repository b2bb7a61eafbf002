{#
    A trained model as a dbt node.

    The node's SQL gives the training rows; ml.train reads it inside the
    database. What stays behind is a table of one row that says what was trained
    last: model, version, algorithm, metric, score, baseline, champion, seconds.

    Config: task, target, key, algorithms, metric, split, options as ml.train
    takes them. `retrain`: if_changed (the default: same rows and same settings
    keep their version) or always. `needs`: what the rows must have for it to be
    trained at all (enough.sql); where they have not, the table stays empty.
#}
{% materialization ml_model, default %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set intermediate_relation = make_intermediate_relation(target_relation) -%}
    {%- set backup_relation = make_backup_relation(target_relation, "table") -%}

    {{ drop_relation_if_exists(load_cached_relation(intermediate_relation)) }}
    {{ drop_relation_if_exists(load_cached_relation(backup_relation)) }}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement("what_trains") -%}
        select
            set_config('glasshouse.dbt_invocation', '{{ invocation_id }}', true),
            set_config(
                'glasshouse.git_commit', {{ sql_text(env_var("GLASSHOUSE_GIT_COMMIT", "")) }}, true
            )
    {%- endcall %}

    {%- set missing = what_is_missing(sql) -%}
    {%- if missing -%}
        {%- do log(model.name ~ " is not trained: it needs " ~ missing, info=true) -%}
    {%- endif %}

    {% call statement("main") -%}
        {{
            get_create_table_as_sql(
                False, intermediate_relation, untrained_sql() if missing else training_sql(sql)
            )
        }}
    {%- endcall %}

    {% if existing_relation is not none %}
        {{ adapter.rename_relation(existing_relation, backup_relation) }}
    {% endif %}
    {{ adapter.rename_relation(intermediate_relation, target_relation) }}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do apply_grants(target_relation, config.get("grants"), should_revoke=True) %}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}
    {{ drop_relation_if_exists(backup_relation) }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}


{# The call of ml.train for the node being built. #}
{% macro training_sql(rows_sql) %}
    {%- set options = dict(config.get("options", {})) -%}
    {%- do options.update(retrain=config.get("retrain", "if_changed")) -%}
    select trained.*, now() as built_at
    from
        ml.train(
            model => {{ sql_text(registry_name(model.name)) }},
            query => {{ sql_text(rows_sql) }},
            task => {{ sql_text(config.require("task")) }},
            target => {{ sql_text(config.get("target")) }},
            key => {{ sql_text(config.get("key")) }},
            algorithms => {{ sql_json(config.get("algorithms")) }},
            metric => {{ sql_text(config.get("metric")) }},
            split => {{ sql_json(config.get("split")) }},
            options => {{ sql_json(options) }}
        ) as trained
{% endmacro %}
