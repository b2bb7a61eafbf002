-- Decides whether a build trains a model again, and writes the decision.

create or replace function ml.retraining_decision(
    name text, conditions jsonb, definition text, row_count bigint, performance text
)
returns table (champion integer, newest integer, retrain boolean, reason text)
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

        -- The drift of the newest period that was measured.
        newest_drifts as (
            select drifts.*, rank() over (order by measured_at desc, period desc nulls last) as age
            from ml.drifts inner join champions using (model, version)
        ),

        reasons (position, reason) as (
            select 1, 'The SQL or the settings of the model have changed.'
            where retraining_decision.definition is distinct from (
                select decisions.definition from ml.retraining_decisions as decisions
                where decisions.model = name and decisions.retrain
                order by decisions.decided_at desc limit 1
            )
            union all
            select 2, format(
                'Version %s was trained %s days ago; the limit is %s.',
                version, now()::date - trained_at::date, conditions ->> 'days'
            )
            from champions
            where trained_at <= now() - make_interval(days => (conditions ->> 'days')::integer)
            union all
            select 3, format(
                '%s new rows since version %s; the limit is %s.',
                row_count - rows_read, version, conditions ->> 'new_rows'
            )
            from champions
            where row_count - rows_read >= (conditions ->> 'new_rows')::bigint
            union all
            select 4, 'Input drift: ' || string_agg(feature, ', ' order by feature) || '.'
            from newest_drifts
            where
                conditions ? 'drift' and age = 1 and kind <> 'score' and verdict = 'retrain'
                -- A feature of no importance does not matter.
                and not exists (
                    select from ml.importances as importances
                    where
                        (importances.model, importances.version) = (newest_drifts.model, newest_drifts.version)
                        and importances.method = 'permutation'
                        and importances.feature = newest_drifts.feature
                        and importances.mean <= 0
                )
            having count(*) > 0
            union all
            select 5, performance
            where performance is not null
        )

    select
        champions.version,
        (select max(versions.version) from ml.model_versions as versions where versions.model = name),
        champions.version is null or conditions is null or exists (select from reasons),
        case
            when champions.version is null then 'No version is in use.'
            when conditions is not null then coalesce(
                (select reasons.reason from reasons order by position limit 1),
                'No condition of retrain_when holds.'
            )
        end
    from (select) as one left join champions on true
$$;
comment on function ml.retraining_decision(text, jsonb, text, bigint, text)
is 'Internal: whether to train a model again, and why. Conditions: days (age of the champion), new_rows (more than the champion read), drift (ml.watch has the verdict retrain for an input that the champion uses); NULL: ml.train decides. definition: hash of the SQL and the settings, a change of which always trains; row_count: rows now; performance: the reason by performance, if there is one. Returns the champion, the newest version, and the reason, which is NULL where ml.train decides';

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
