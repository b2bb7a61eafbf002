{#
    Whether to train the node being built again, and why. Without the config `retrain_when`, ml.train
    decides: rows or settings that differ give a new version. With it, a champion stays until one of
    these conditions holds:

        retrain_when={"days": 30, "new_rows": 500, "drift": true, "performance": true}

    days: the champion is so old. new_rows: the node returns so many more rows than the champion was
    trained and tested on. drift: ml.watch has the verdict retrain, in the newest period, for an input
    that the champion uses. performance: the metric of the logged predictions, measured or estimated, is
    worse than at the test by more than its interval. A changed definition always trains.

    Returns {"retrain": boolean, "reason": text, "champion": version or none}.
#}
{% macro retraining_decision(name, rows_sql, definition) %}
    {%- set conditions = config.get("retrain_when") -%}
    {%- set champions -%}
        select version
        from ml.model_versions
        where
            model = {{ sql_text(name) }}
            and status = 'champion'
            and (model, version) not in (select model, version from ml.malformed_versions)
    {%- endset -%}
    {%- set champion = run_query(champions).columns["version"].values() | first -%}
    {%- if not champion -%}
        {{- return({"retrain": true, "reason": "No version is in use.", "champion": none}) -}}
    {%- endif -%}
    {%- if not conditions -%}
        {{- return({"retrain": true, "reason": none, "champion": champion}) -}}
    {%- endif -%}
    {%- set names = ["days", "new_rows", "drift", "performance"] -%}
    {%- for condition in conditions if condition not in names -%}
        {%- set message = "retrain_when of {} has the condition {}. Use days, new_rows, drift or performance." -%}
        {%- do exceptions.raise_compiler_error(message.format(model.unique_id, condition)) -%}
    {%- endfor -%}
    {%- set rows = row_count(rows_sql) if conditions.new_rows -%}
    {%- set query = retraining_reasons(name, champion, rows, definition, conditions) -%}
    {%- set reason = run_query(query).rows[0]["reason"] -%}
    {%- set decision = {"retrain": reason is not none, "champion": champion} -%}
    {%- do decision.update(reason=reason or "No condition of retrain_when holds.") -%}
    {{- return(decision) -}}
{% endmacro %}


{# How many rows a query returns; one that ends in a comment or a semicolon, too. #}
{% macro row_count(rows_sql) -%}
    {%- do run_query("create or replace temporary view training_rows as " ~ rows_sql) -%}
    {%- set count = run_query("select count(*) from training_rows").rows[0][0] -%}
    {%- do run_query("drop view training_rows") -%}
    {{- return(count) -}}
{%- endmacro %}


{# A SELECT of the first condition that holds, as a sentence; NULL where none does. #}
{% macro retraining_reasons(name, champion, rows, definition, conditions) %}
    {%- set report = "model." ~ project_name ~ ".rpt_performance_over_time" -%}
    {%- set performance = model_relation("rpt_performance_over_time") if report in graph.nodes -%}
    with
        champion as (
            select *
            from ml.model_versions
            where model = {{ sql_text(name) }} and version = {{ champion }}
        ),

        last_trained as (
            select definition
            from ml.retraining_decisions
            where model = {{ sql_text(name) }} and retrain
            order by decided_at desc
            limit 1
        )

    select
        coalesce(
            (
                select 'The SQL or the settings of the model have changed.'
                where
                    {{ sql_text(definition) }}
                    is distinct from (select definition from last_trained)
            )
            {% if conditions.days -%}
                ,
                (
                    select
                        'Version '
                        || version
                        || ' was trained '
                        || (now()::date - trained_at::date)
                        || ' days ago; the limit is {{ conditions.days | int }}.'
                    from champion
                    where trained_at <= now() - interval '{{ conditions.days | int }} days'
                )
            {%- endif %}
            {% if conditions.new_rows -%}
                ,
                (
                    select
                        ({{ rows }} - champion.rows_read)
                        || ' new rows since version '
                        || champion.version
                        || '; the limit is {{ conditions.new_rows | int }}.'
                    from champion
                    where {{ rows }} - champion.rows_read >= {{ conditions.new_rows | int }}
                )
            {%- endif %}
            {% if conditions.drift -%}
                ,
                (
                    select
                        'Input drift: '
                        || string_agg(drifts.feature, ', ' order by drifts.feature)
                        || '.'
                    from ml.drifts as drifts
                    where
                        (drifts.model, drifts.version) = (select model, version from champion)
                        and drifts.kind <> 'score'
                        and drifts.verdict = 'retrain'
                        and (drifts.measured_at, coalesce(drifts.period, '')) = (
                            select measured_at, coalesce(period, '')
                            from ml.drifts as newest
                            where
                                (newest.model, newest.version)
                                = (select model, version from champion)
                            order by measured_at desc, period desc nulls last
                            limit 1
                        )
                        and not exists (
                            select
                            from ml.importances as importances
                            where
                                (importances.model, importances.version)
                                = (drifts.model, drifts.version)
                                and importances.method = 'permutation'
                                and importances.feature = drifts.feature
                                and importances.mean <= 0
                        )
                )
            {%- endif %}
            {% if conditions.performance and performance -%}
                ,
                (
                    select
                        metric_label
                        || ' of '
                        || period_label
                        || ': '
                        || coalesce(value_text, 'not known')
                        || ' measured, '
                        || estimate_text
                        || ' estimated: '
                        || verdict
                        || '.'
                    from {{ performance }}
                    where
                        model = {{ sql_text(name) }}
                        and model_version = {{ champion }}
                        and is_main_metric
                        and state in ('act', 'watch')
                    order by newest_rank
                    limit 1
                )
            {%- endif %}
        ) as reason
{% endmacro %}


{# Writes the decision and what came of it; see ml.retraining_decisions. #}
{% macro record_retraining(name, decision, version, definition) -%}
    {%- set facts = {
        "champion": decision.champion,
        "retrain": decision.retrain,
        "reason": decision.reason,
        "version": version,
        "definition": definition,
        "dbt_invocation": invocation_id,
    } -%}
    {%- do run_query(
        "select ml.record_retraining(" ~ sql_text(name) ~ ", " ~ sql_json(facts) ~ ")"
    ) -%}
{%- endmacro %}
