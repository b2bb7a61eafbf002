{#
    Whether to train the node being built again, and why: the columns of ml.retraining_decision.
    Without the config `retrain_when`, ml.train decides: rows or settings that differ give a new
    version. With it, a champion stays until one of these conditions holds:

        retrain_when={"days": 30, "new_rows": 500, "drift": true, "performance": true}
#}
{% macro retraining_decision(name, query, definition) %}
    {%- set conditions = {} if config.get("retrain_when") else none -%}
    {%- for condition, value in (config.get("retrain_when") or {}).items() -%}
        {%- if condition not in ["days", "new_rows", "drift", "performance"] -%}
            {%- set message = "retrain_when of {} has the condition {}. Use days, new_rows, drift or performance." -%}
            {%- do exceptions.raise_compiler_error(message.format(model.unique_id, condition)) -%}
        {%- endif -%}
        {%- do conditions.update({condition: value}) if value -%}
    {%- endfor -%}
    {%- set rows = query_training_rows(query, "count(*)") if conditions and conditions.new_rows -%}
    {%- set decisions = run_query(retraining_query(name, conditions, definition, rows)) -%}
    {{- return(decisions.rows[0].dict()) -}}
{% endmacro %}


{# The call of ml.retraining_decision. Predictions are judged where the project has the report on them. #}
{% macro retraining_query(name, conditions, definition, rows=none) %}
    {%- set report = "model." ~ project_name ~ ".rpt_performance_over_time" -%}
    {%- set performance = model_relation("rpt_performance_over_time") if report in graph.nodes -%}
    select *
    from
        ml.retraining_decision(
            {{ sql_text(name) }},
            {{ sql_json(conditions) }},
            {{ sql_text(definition) }},
            {{ rows or "null" }},
            {%- if performance and conditions and conditions.performance %}
                (
                    select jsonb_agg(to_jsonb(report))
                    from {{ performance }} as report
                    where
                        report.model = {{ sql_text(name) }}
                        and report.is_main_metric
                        and not report.is_test
                )
            {%- else %} null
            {%- endif %}
        )
{% endmacro %}


{# Writes the decision and what came of it; see ml.retraining_decisions. #}
{% macro record_retraining(name, decision, version, definition) -%}
    {%- set facts = dict(
        decision, version=version, definition=definition, dbt_invocation=invocation_id
    ) -%}
    {%- do run_query(
        "select ml.record_retraining(" ~ sql_text(name) ~ ", " ~ sql_json(facts) ~ ")"
    ) -%}
{%- endmacro %}
