-- Called by the functions that write for their callers, as ml_registry.
create or replace function ml.lock_model(verb text, name text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- A row and not an advisory lock: only a role that may change the registry can lock a row.
    perform from ml.models where model = name for update;
    if not exists (select from ml.model_versions where model = name) then
        raise exception 'ml.%: There is no model %.', verb, quote_nullable(name)
            using errcode = 'invalid_parameter_value', hint = coalesce(
                'Known: ' || (select string_agg(distinct model, ', ' order by model) from ml.model_versions) || '.',
                'No model was trained yet.'
            );
    end if;
    perform ml.require_owner(verb, name);
end
$$;
comment on function ml.lock_model(text, text)
is 'Internal: locks a model until the transaction ends; refuses a name that is no model, and a caller who does not own it';

create or replace function ml.require_owner(verb text, name text)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    owner text := (select models.owner from ml.models where model = name);
begin
    -- transformer and the superuser manage all models: one builds the project, the other is the server's.
    if session_user not in (owner, 'transformer') and not (select rolsuper from pg_roles where rolname = session_user) then
        raise exception 'ml.%: Model % belongs to %, and you are %.', verb, quote_literal(name), owner, session_user
            using errcode = 'insufficient_privilege',
            hint = format('Ask %s, or train a model under another name.', owner);
    end if;
end
$$;
comment on function ml.require_owner(text, text)
is 'Internal: refuses a caller who is neither the owner of a model, nor transformer, nor a superuser';

create or replace function ml.lock_version(verb text, name text, number integer)
returns ml.model_versions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    locked ml.model_versions;
begin
    perform ml.lock_model(verb, name);
    select * into locked from ml.model_versions where model = name and version = number;
    if not found then
        raise exception 'ml.%: Model % has no version %.', verb, quote_nullable(name), coalesce(number::text, 'NULL')
            using errcode = 'invalid_parameter_value', hint = format(
                'It has: %s.',
                (select string_agg(version::text, ', ' order by version) from ml.model_versions where model = name)
            );
    end if;
    return locked;
end
$$;
comment on function ml.lock_version(text, text, integer)
is 'Internal: as ml.lock_model, for one version of a model; returns its row';

create or replace function ml.previous_champion(name text)
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
comment on function ml.previous_champion(text)
is 'Internal: the version that was champion before the present one and still has its artifact';

create or replace function ml.set_champion(name text, number integer, method text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update ml.model_versions set status = 'archived'
    where model = name and status = 'champion' and version <> number;
    update ml.model_versions set status = 'champion', rejection = null where model = name and version = number;
    if method = 'rollback' then
        update ml.promotions set undone_by = session_user, undone_at = clock_timestamp()
        where model = name and undone_at is null and promotion > (
            select max(promotion) from ml.promotions
            where model = name and version = number and undone_at is null
        );
    else
        insert into ml.promotions (model, promotion, version, how, promoted_by, promoted_at)
        select name, coalesce(max(promotion), 0) + 1, number, method, session_user, clock_timestamp()
        from ml.promotions where model = name;
    end if;
end
$$;
comment on function ml.set_champion(text, integer, text)
is 'Internal: makes a version champion, archives the previous one and records the change';

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
    -- ml.rollback goes back to this one.
    retired := array_remove(retired, ml.previous_champion(name));
    delete from ml.artifacts where model = name and version = any(retired);
    delete from ml.curves where model = name and version = any(retired);
    delete from ml.confusion where model = name and version = any(retired);
    delete from ml.importances where model = name and version = any(retired);
    delete from ml.distributions where model = name and version = any(retired);
    delete from ml.coefficients where model = name and version = any(retired);
    delete from ml.partial_dependence where model = name and version = any(retired);
    delete from ml.partial_dependence_pairs where model = name and version = any(retired);
    delete from ml.correlations where model = name and version = any(retired);
    delete from ml.residuals where model = name and version = any(retired);
    delete from ml.forecast_history where model = name and version = any(retired);
end
$$;
comment on function ml.retire_versions(text, integer)
is 'Internal: drops artifacts and curves of all but the newest versions, and keeps their rows, metrics and candidates';
