-- Decides whether a build trains a model again, and writes the decision.

create or replace function ml.retraining_decision(
    name text, conditions jsonb, definition text, row_count bigint, performance jsonb
)
returns table (champion integer, newest integer, retrain boolean, reason text, condition text, period text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with
        champions as (
            select versions.*
            from ml.model_versions as versions
            where
                versions.model = name and versions.status = 'champion'
                and (versions.model, versions.version) not in (select model, version from ml.malformed_versions)
        ),

        trainings as (
            select decisions.* from ml.retraining_decisions as decisions
            where decisions.model = name and decisions.retrain
        ),

        -- The drift of the newest period that was measured.
        newest_drifts as (
            select drifts.*, rank() over (order by measured_at desc, drifts.period desc nulls last) as recency
            from ml.drifts inner join champions using (model, version)
        ),

        -- The test of a version that was trained after a change is as bad as the change, so scores are
        -- compared with the last champion that was trained for another reason.
        reference as (
            select versions.*
            from ml.model_versions as versions
            inner join champions on champions.model = versions.model and versions.version <= champions.version
            where exists (
                select from ml.promotions
                where promotions.model = versions.model and promotions.version = versions.version
            )
            order by
                versions.version in (
                    select trainings.version from trainings
                    where trainings.condition in ('drift', 'performance') and trainings.version is not null
                ),
                versions.version desc
            limit 1
        ),

        -- The newest period with an outcome, and the newest one without.
        periods as (
            select
                report.period,
                report.metric,
                report.metric_label || ' of ' || report.period_label || ': '
                || case when value is null then estimate_text || ' estimated' else value_text || ' measured' end as label,
                case when value is null then estimate_lower else report.lower end as lower,
                case when value is null then estimate_upper else report.upper end as upper,
                row_number() over (partition by value is null order by newest_rank) as recency
            from
                jsonb_to_recordset(performance) as report (
                    model_version integer, metric text, metric_label text, period text, period_label text,
                    value float8, value_text text, lower float8, upper float8,
                    estimate_text text, estimate_lower float8, estimate_upper float8, newest_rank bigint
                )
            inner join champions on champions.version = report.model_version
        ),

        reasons (position, condition, period, reason) as (
            select 1, 'definition', null, 'The SQL or the settings of the model have changed.'
            where retraining_decision.definition is distinct from (
                select trainings.definition from trainings order by decided_at desc limit 1
            )
            union all
            select 2, 'days', null, format(
                'Version %s was trained %s days ago; the limit is %s.',
                version, now()::date - trained_at::date, conditions ->> 'days'
            )
            from champions
            where trained_at <= now() - (conditions ->> 'days')::float8 * interval '1 day'
            union all
            select 3, 'new_rows', null, format(
                '%s new rows since version %s; the limit is %s.',
                row_count - rows_read, version, conditions ->> 'new_rows'
            )
            from champions
            where row_count - rows_read >= (conditions ->> 'new_rows')::float8
            union all
            select 4, 'drift', drifts.period, format(
                'Input drift%s: %s.', ' in ' || drifts.period, string_agg(feature, ', ' order by feature)
            )
            from newest_drifts as drifts
            where
                conditions ? 'drift' and recency = 1 and kind <> 'score' and verdict = 'retrain'
                -- The champion does not use a feature of no importance.
                and not exists (
                    select from ml.importances as importances
                    where
                        (importances.model, importances.version) = (drifts.model, drifts.version)
                        and importances.method = 'permutation'
                        and importances.feature = drifts.feature
                        and importances.mean <= 0
                )
            group by drifts.period
            union all
            select 5, 'performance', periods.period, format(
                '%s, %s at the test of version %s.',
                label,
                case
                    when abs(reference.score) >= 100 then to_char(reference.score::numeric, 'FM999,999,999,990')
                    else trim_scale(round(reference.score::numeric, 3))::text
                end,
                reference.version
            )
            from periods inner join reference on reference.metric = periods.metric
            where
                conditions ? 'performance' and recency = 1
                and case
                    when (
                        select bool_and(higher_is_better)
                        from ml.metrics inner join champions using (model, version)
                        where metrics.metric = periods.metric
                    ) then periods.upper < reference.lower
                    else periods.lower > reference.upper
                end
        ),

        -- A period leads to one training for each condition at most.
        first_reason as (
            select reasons.* from reasons
            where not exists (
                select from trainings
                where (trainings.condition, trainings.period) = (reasons.condition, reasons.period)
            )
            order by position limit 1
        )

    select
        champions.version,
        (select max(versions.version) from ml.model_versions as versions where versions.model = name),
        champions.version is null or conditions is null or first_reason.reason is not null,
        case
            when champions.version is null then 'No version is in use.'
            when conditions is not null then coalesce(first_reason.reason, 'No condition of retrain_when holds.')
        end,
        first_reason.condition,
        first_reason.period
    from (select) as one
    left join champions on true
    left join first_reason on champions.version is not null and conditions is not null
$$;
comment on function ml.retraining_decision(text, jsonb, text, bigint, jsonb)
is 'Internal: whether to train a model again, and why. conditions: NULL where ml.train decides, else any of days (age of the champion), new_rows (more than the champion was trained and tested on), drift (ml.watch has the verdict retrain, in the newest period, for an input that the champion uses) and performance (the metric of the logged predictions is worse than at a test by more than its interval). definition: hash of the SQL and the settings; a change always trains. row_count: rows now. performance: rows of rpt_performance_over_time. Returns the champion, the newest version, the reason, which is NULL where ml.train decides, and for a condition that holds its name and the period that it is about';

create or replace function ml.record_retraining(name text, facts jsonb)
returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
    insert into ml.retraining_decisions
    select decisions.*
    from jsonb_populate_record(
        null::ml.retraining_decisions,
        facts || jsonb_build_object('model', name, 'decided_at', clock_timestamp())
    ) as decisions
    where exists (select from ml.models where model = name)
$$;
alter function ml.record_retraining(text, jsonb) owner to ml_registry;
comment on function ml.record_retraining(text, jsonb)
is 'Internal: how dbt records whether a model was trained again, and why';
