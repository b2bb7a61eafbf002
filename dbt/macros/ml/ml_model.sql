{#
    A trained model as a dbt node.

    The node's SQL returns the training rows; ml.train reads them inside the database. The relation is
    a view with one row: the version that the node's tests judge. That is the candidate just trained,
    or else the champion (promotion.sql). The view has no row where nothing was trained.

    Config: the arguments of ml.train; `retrain`: if_changed (the default) or always; `min_rows`;
    `retrain_when`: see retraining.sql.
#}
{% materialization ml_model, adapter = "postgres" %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type="view") -%}
    {%- call build_relation(target_relation) -%}
        {%- set version = trained_version(sql) -%}
        {%- if existing and not existing.is_view -%} {%- do drop_relation_if_exists(existing) -%} {%- endif -%}
        create or replace view {{ target_relation }} as
        {{ version_sql(registry_name(model), version) }}
    {%- endcall -%}
    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}


{# Trains the node being built. Returns the version that its tests judge; none without training. #}
{% macro trained_version(query) %}
    {%- set name = registry_name(model) -%}
    {%- do check_registry_name(model) -%}
    {%- if flags.EMPTY -%} {{- return(none) -}} {%- endif -%}
    {%- set missing = missing_rows(query) -%}
    {%- if missing -%}
        {%- do log(model.name ~ " is not trained: its rows need " ~ missing, info=true) -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set settings -%}
        select
            set_config('glasshouse.dbt_invocation', {{ sql_text(invocation_id) }}, true),
            set_config('glasshouse.git_commit', {{ sql_text(env_var("GLASSHOUSE_GIT_COMMIT", "")) }}, true)
    {%- endset -%}
    {%- do run_query(settings) -%}
    {%- set training = training_sql(name, query) -%}
    {%- set definition = local_md5(training) -%}
    {%- set decision = retraining_decision(name, query, definition) -%}
    {%- set version = decision.champion -%}
    {%- if decision.retrain -%}
        {%- set version = run_query(training).rows[0]["version"] -%}
        {%- do log_issues(name, version) -%}
    {%- endif -%}
    {%- if decision.reason is none -%}
        {%- set is_new = version != decision.newest -%}
        {%- set reason = "The rows or the settings have changed." -%}
        {%- set unchanged = "The rows and the settings are those of version {}." -%}
        {%- set reason = reason if is_new else unchanged.format(version) -%}
        {%- do decision.update(retrain=is_new, reason=reason) -%}
    {%- endif -%}
    {%- do record_retraining(name, decision, version if decision.retrain else none, definition) -%}
    {{- return(judged_version(name, version)) -}}
{% endmacro %}


{# One line for each issue that the checks of a version found; dbt does not show NOTICEs. #}
{% macro log_issues(name, version) %}
    {%- set query -%}
        select 'issue ' || code || ': ' || message || ' ' || remedy
        from ml.checks
        where severity = 'issue' and model = {{ sql_text(name) }} and version = {{ version }}
        order by position
    {%- endset -%}
    {%- for issue in run_query(query).rows -%} {%- do log_model(name, issue[0]) -%} {%- endfor -%}
{% endmacro %}


{# The call of ml.train for the node being built: a new version waits for its tests. #}
{% macro training_sql(name, query) %}
    {%- set options = dict(config.get("options", {}), await_tests=true) -%}
    {%- do options.update(retrain=config.get("retrain", "if_changed")) -%}
    select *
    from
        ml.train(
            model => {{ sql_text(name) }},
            query => {{ sql_text(query) }},
            task => {{ sql_text(config.require("task")) }},
            target => {{ sql_text(config.get("target")) }},
            key => {{ sql_text(config.get("key")) }},
            algorithms => {{ sql_json(config.get("algorithms")) }},
            metric => {{ sql_text(config.get("metric")) }},
            split => {{ sql_json(config.get("split")) }},
            options => {{ sql_json(options) }}
        )
{% endmacro %}


{# The row of a version as the registry has it now; no row for the version none. #}
{% macro version_sql(name, version) %}
    select
        built.model,
        built.version,
        versions.status,
        versions.algorithm,
        versions.metric,
        versions.score,
        versions.baseline,
        versions.status = 'champion' as champion,
        versions.seconds,
        {{ sql_text(run_started_at) }}::timestamptz as built_at
    from
        (select {{ sql_text(name) }} as model, {{ version or "null" }}::integer as version) as built
    left join
        ml.model_versions as versions
        on versions.model = built.model
        and versions.version = built.version
    where built.version is not null
{% endmacro %}
