-- The functions below write for their callers: internal, and called as ml_registry only.
create or replace function ml.hold_model(verb text, name text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Whoever changes the same model queues here until the other one has committed.
    perform pg_advisory_xact_lock(hashtextextended('glasshouse ' || name, 0));
    if not exists (select from ml.model_versions where model = name) then
        raise exception 'ml.%: There is no model %.', verb, quote_nullable(name)
            using errcode = 'invalid_parameter_value', hint = coalesce(
                'Known: ' || (select string_agg(distinct model, ', ' order by model) from ml.model_versions) || '.',
                'No model was trained yet.'
            );
    end if;
end
$$;
comment on function ml.hold_model(text, text)
is 'Internal: makes others wait who want to change the same model, and refuses a name that is no model';

create or replace function ml.hold_version(verb text, name text, wanted integer)
returns ml.model_versions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    found_version ml.model_versions;
begin
    perform ml.hold_model(verb, name);
    select * into found_version from ml.model_versions where model = name and version = wanted;
    if not found then
        raise exception 'ml.%: Model % has no version %.', verb, quote_nullable(name), coalesce(wanted::text, 'NULL')
            using errcode = 'invalid_parameter_value', hint = format(
                'It has: %s.',
                (select string_agg(version::text, ', ' order by version) from ml.model_versions where model = name)
            );
    end if;
    return found_version;
end
$$;
comment on function ml.hold_version(text, text, integer)
is 'Internal: as ml.hold_model, for one version of a model';

create or replace function ml.champion_before(name text)
returns integer
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select promotions.version
    from ml.promotions
    join ml.model_versions using (model, version)
    join ml.artifacts using (model, version)
    where promotions.model = name and undone_at is null and status <> 'champion'
    order by promotion desc
    limit 1
$$;
comment on function ml.champion_before(text)
is 'Internal: the version that was champion before the present one and can be so again';

create or replace function ml.set_champion(name text, chosen integer, means text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update ml.model_versions set status = 'archived'
    where model = name and status = 'champion' and version <> chosen;
    update ml.model_versions set status = 'champion', rejection = null where model = name and version = chosen;
    if means = 'rollback' then
        update ml.promotions set undone_by = session_user, undone_at = clock_timestamp()
        where model = name and undone_at is null and promotion > (
            select max(promotion) from ml.promotions
            where model = name and version = chosen and undone_at is null
        );
    else
        insert into ml.promotions (model, promotion, version, how, promoted_by, promoted_at)
        select name, coalesce(max(promotion), 0) + 1, chosen, means, session_user, clock_timestamp()
        from ml.promotions where model = name;
    end if;
end
$$;
comment on function ml.set_champion(text, integer, text)
is 'Internal: makes a version champion, archives the one before and keeps the record of it';

create or replace function ml.retire_versions(name text, keep integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    retired integer[] := array(
        select version from ml.model_versions
        where model = name and status <> 'champion'
            -- A candidate that waits for its tests may become champion.
            and not (status = 'candidate' and options @> '{"await_tests": true}')
        order by version desc offset keep
    );
begin
    -- Without it a rollback would have nowhere to go.
    retired := array_remove(retired, ml.champion_before(name));
    delete from ml.artifacts where model = name and version = any(retired);
    delete from ml.curves where model = name and version = any(retired);
    delete from ml.confusion where model = name and version = any(retired);
    delete from ml.importances where model = name and version = any(retired);
    delete from ml.distributions where model = name and version = any(retired);
    delete from ml.coefficients where model = name and version = any(retired);
    delete from ml.partial_dependence where model = name and version = any(retired);
    delete from ml.correlations where model = name and version = any(retired);
    delete from ml.residuals where model = name and version = any(retired);
end
$$;
comment on function ml.retire_versions(text, integer)
is 'Internal: of all but the newest versions drops the trained model and the drawings; row, metrics and candidates stay';
