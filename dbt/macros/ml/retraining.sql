{#
    Whether to train the node being built again, and why: see ml.retraining_decision, which returns
    the columns champion, newest, retrain and reason. Without the config `retrain_when`, ml.train
    decides: rows or settings that differ give a new version. With it, a champion stays until one of
    these conditions holds:

        retrain_when={"days": 30, "new_rows": 500, "drift": true, "performance": true}
#}
{% macro retraining_decision(name, rows_sql, definition) %}
    {%- set conditions = {} -%}
    {%- for condition, value in (config.get("retrain_when") or {}).items() -%}
        {%- if condition not in ["days", "new_rows", "drift", "performance"] -%}
            {%- set message = "retrain_when of {} has the condition {}. Use days, new_rows, drift or performance." -%}
            {%- do exceptions.raise_compiler_error(message.format(model.unique_id, condition)) -%}
        {%- endif -%}
        {%- do conditions.update({condition: value}) if value -%}
    {%- endfor -%}
    {%- set rows = query_training_rows(rows_sql, "count(*)") if conditions.new_rows -%}
    {%- set query -%}
        select *
        from
            ml.retraining_decision(
                {{ sql_text(name) }},
                {{ sql_json(conditions or none) }},
                {{ sql_text(definition) }},
                {{ rows or "null" }},
                {{ worse_performance(name) if conditions.performance else "null" }}
            )
    {%- endset -%}
    {{- return(run_query(query).rows[0].dict()) -}}
{% endmacro %}


{# The reason to train again by the performance of the champion's logged predictions, as SQL. #}
{% macro worse_performance(name) %}
    {%- set report = "model." ~ project_name ~ ".rpt_performance_over_time" -%}
    {%- set performance = model_relation("rpt_performance_over_time") if report in graph.nodes -%}
    {%- if not performance -%} {{- return("null") -}} {%- endif -%}
    (
        select
            format(
                '%s of %s: %s measured, %s estimated: %s.',
                metric_label,
                period_label,
                coalesce(value_text, 'not known'),
                estimate_text,
                verdict
            )
        from {{ performance }}
        where
            model = {{ sql_text(name) }}
            and model_version = (
                select version
                from ml.model_versions
                where model = {{ sql_text(name) }} and status = 'champion'
            )
            and is_main_metric
            and state in ('act', 'watch')
        order by newest_rank
        limit 1
    )
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
