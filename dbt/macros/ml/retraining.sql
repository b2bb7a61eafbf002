{#
    Whether to train the node being built again, and why. Without the config `retrain_when`, ml.train
    decides: rows or settings that differ give a new version. With it, a champion stays until one of
    these conditions holds:

        retrain_when={"days": 30, "new_rows": 500, "drift": true, "performance": true}

    days: the champion is so old. new_rows: the node returns so many more rows than the champion was
    trained and tested on. drift: ml.watch has the verdict retrain, in the newest period, for an input
    that the champion uses. performance: the metric of the logged predictions, measured or estimated, is
    worse than at a test by more than its interval. A changed definition always trains.

    Returns {"retrain": boolean, "reason": text, "champion": version or none}, and for a condition that
    holds its name as `condition` and the `period` that it is about, or none.
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
    {%- set decision = {"retrain": false, "champion": champion} -%}
    {%- do decision.update(reason="No condition of retrain_when holds.") -%}
    {%- for row in run_query(query).rows -%}
        {%- do decision.update(retrain=true, reason=row["reason"]) -%}
        {%- do decision.update(condition=row["condition"], period=row["period"]) -%}
    {%- endfor -%}
    {{- return(decision) -}}
{% endmacro %}


{# How many rows a query returns; one that ends in a comment or a semicolon, too. #}
{% macro row_count(rows_sql) -%}
    {%- do run_query("create or replace temporary view training_rows as " ~ rows_sql) -%}
    {%- set count = run_query("select count(*) from training_rows").rows[0][0] -%}
    {%- do run_query("drop view training_rows") -%}
    {{- return(count) -}}
{%- endmacro %}


{#
    A SELECT of the first condition that holds, with the reason as a sentence and the period that it is
    about; no row where none holds. A period leads to one training for each condition at most.

    Scores are compared with the test of the last champion that was trained for another condition than
    drift and performance: the test of one that was trained after a change is as bad as the change.
#}
{% macro retraining_reasons(name, champion, rows, definition, conditions) %}
    {%- set report = "model." ~ project_name ~ ".rpt_performance_over_time" -%}
    {%- set performance = model_relation("rpt_performance_over_time") if report in graph.nodes -%}
    with
        champion as (
            select *
            from ml.model_versions
            where model = {{ sql_text(name) }} and version = {{ champion }}
        ),

        decisions as (
            select * from ml.retraining_decisions where model = {{ sql_text(name) }} and retrain
        ),

        last_trained as (select definition from decisions order by decided_at desc limit 1),

        reference as (
            select versions.version, versions.metric, versions.score, versions.lower, versions.upper
            from ml.model_versions as versions
            inner join
                ml.promotions
                on promotions.model = versions.model
                and promotions.version = versions.version
            where versions.model = {{ sql_text(name) }} and versions.version <= {{ champion }}
            order by
                versions.version in (
                    select version
                    from decisions
                    where condition in ('drift', 'performance') and version is not null
                ),
                versions.version desc
            limit 1
        ),

        reasons as (
            select
                1 as position,
                'definition' as condition,
                null as period,
                'The SQL or the settings of the model have changed.' as reason
            where {{ sql_text(definition) }} is distinct from (select definition from last_trained)
            {% if conditions.days -%}
                union all
                select
                    2,
                    'days',
                    null,
                    'Version '
                    || version
                    || ' was trained '
                    || (now()::date - trained_at::date)
                    || ' days ago; the limit is {{ conditions.days | int }}.'
                from champion
                where trained_at <= now() - interval '{{ conditions.days | int }} days'
            {%- endif %}
            {% if conditions.new_rows -%}
                union all
                select
                    3,
                    'new_rows',
                    null,
                    ({{ rows }} - rows_read)
                    || ' new rows since version '
                    || version
                    || '; the limit is {{ conditions.new_rows | int }}.'
                from champion
                where {{ rows }} - rows_read >= {{ conditions.new_rows | int }}
            {%- endif %}
            {% if conditions.drift -%}
                union all
                select
                    4,
                    'drift',
                    period,
                    'Input drift'
                    || coalesce(' in ' || period, '')
                    || ': '
                    || string_agg(feature, ', ' order by feature)
                    || '.'
                from ml.drifts as drifts
                where
                    (model, version) = (select model, version from champion)
                    and kind <> 'score'
                    and verdict = 'retrain'
                    and (measured_at, coalesce(period, '')) = (
                        select measured_at, coalesce(period, '')
                        from ml.drifts as newest
                        where (newest.model, newest.version) = (select model, version from champion)
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
                group by period
            {%- endif %}
            {% if conditions.performance and performance -%}
                union all
                select
                    5,
                    'performance',
                    periods.period,
                    metric_label
                    || ' of '
                    || period_label
                    || ': '
                    || case
                        when value is null
                        then estimate_text || ' estimated'
                        else value_text || ' measured'
                    end
                    || ', '
                    || {{ short_number("reference.score") }}
                    || ' at the test of version '
                    || reference.version
                    || '.'
                from
                    (
                        select
                            report.*,
                            row_number() over (
                                partition by report.value is null order by report.newest_rank
                            ) as recency
                        from {{ performance }} as report
                        where
                            report.model = {{ sql_text(name) }}
                            and report.model_version = {{ champion }}
                            and report.is_main_metric
                            and not report.is_test
                    ) as periods
                inner join reference on reference.metric = periods.metric
                where
                    -- The newest period with an outcome, and the newest one without.
                    recency = 1
                    and case
                        when
                            (
                                select bool_and(higher_is_better)
                                from ml.metrics
                                where
                                    (metrics.model, metrics.version)
                                    = (select model, version from champion)
                                    and metrics.metric = periods.metric
                            )
                        then
                            case when value is null then estimate_upper else periods.upper end
                            < reference.lower
                        else
                            case when value is null then estimate_lower else periods.lower end
                            > reference.upper
                    end
            {%- endif %}
        )

    select condition, period, reason
    from reasons
    where
        period is null
        or (condition, period) not in (
            select condition, period
            from decisions
            where condition is not null and period is not null
        )
    order by position
    limit 1
{% endmacro %}


{# Writes the decision and what came of it; see ml.retraining_decisions. #}
{% macro record_retraining(name, decision, version, definition) -%}
    {%- set facts = {
        "champion": decision.champion,
        "retrain": decision.retrain,
        "reason": decision.reason,
        "condition": decision.get("condition"),
        "period": decision.get("period"),
        "version": version,
        "definition": definition,
        "dbt_invocation": invocation_id,
    } -%}
    {%- do run_query(
        "select ml.record_retraining(" ~ sql_text(name) ~ ", " ~ sql_json(facts) ~ ")"
    ) -%}
{%- endmacro %}
