create or replace function ml.reserve_version(model text)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    name text := reserve_version.model;
    reserved integer;
begin
    if coalesce(name, '') = '' then
        raise exception 'A version to record needs the name of its model'
            using errcode = 'invalid_parameter_value', hint = 'Train with ml.train; it records the version itself.';
    end if;
    if length(name) > 200 then
        raise exception 'The name of a model may have at most 200 characters, this one has %', length(name)
            using errcode = 'invalid_parameter_value', hint = 'Choose a shorter name.';
    end if;
    -- The row stays locked until the transaction ends: two trainings of one model take turns.
    insert into ml.models as models (model, last_version, owner) values (name, 1, session_user)
    on conflict (model) do update set last_version = models.last_version + 1
    returning last_version into reserved;
    perform ml.require_owner('train', name);
    return reserved;
end
$$;
alter function ml.reserve_version(text) owner to ml_registry;
comment on function ml.reserve_version(text)
is 'Internal: the number of the next version of a model, which ml.train signs; locks the model until the transaction ends. The first caller owns the model';

create or replace function ml.record_version(payload jsonb, artifact bytea, signature bytea)
returns ml.model_versions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    facts jsonb := payload -> 'version';
    name text := facts ->> 'model';
    number integer := facts ->> 'version';
    verification record;
    recorded ml.model_versions;
    detail text;
    rows jsonb;
begin
    perform ml.lock_reserved_version(name, number);
    if artifact is null then
        raise exception 'Version % of model % holds no artifact', number, quote_literal(name)
            using errcode = 'invalid_parameter_value', hint = 'Train with ml.train; it records the version itself.';
    end if;
    verification := ml.verify_artifact(name, number, artifact, signature);
    if verification.problem is not null then
        raise exception '%', verification.problem
            using errcode = 'invalid_parameter_value', hint = verification.remedy;
    end if;

    insert into ml.model_versions
    select * from jsonb_populate_record(
        null::ml.model_versions,
        facts || jsonb_build_object(
            -- ml.set_champion changes it below, when all rows of the version are written.
            'status', case payload ->> 'status' when 'rejected' then 'rejected' else 'candidate' end,
            -- The payload could name another role.
            'trained_by', session_user,
            'trained_at', clock_timestamp()
        )
    );
    insert into ml.artifacts (model, version, content, sha256, signature)
    values (name, number, artifact, encode(sha256(artifact), 'hex'), signature);

    -- The payload has the columns of the tables except model and version, which are those of this call.
    foreach detail in array array[
        'candidates', 'metrics', 'curves', 'confusion', 'importances', 'distributions',
        'coefficients', 'partial_dependence', 'correlations', 'residuals', 'checks',
        'forecast_series', 'forecasts', 'forecast_history'
    ] loop
        rows := coalesce(nullif(payload -> detail, 'null'), '[]');
        if rows @? '$[*] ? (exists (@.model) || exists (@.version))' then
            raise exception 'The rows of % name a model or a version', detail
                using errcode = 'invalid_parameter_value', hint = 'Train with ml.train; it records the version itself.';
        end if;
        execute format(
            'insert into ml.%1$I select * from'
            ' jsonb_populate_recordset(jsonb_populate_record(null::ml.%1$I, $2), $1)',
            detail
        ) using rows, jsonb_build_object('segment', 'all', 'model', name, 'version', number);
    end loop;

    if coalesce(payload ->> 'status', 'champion') = 'champion' then
        perform ml.set_champion(name, number, 'train');
    end if;
    if facts -> 'options' ->> 'keep' is not null then
        perform ml.retire_versions(name, (facts -> 'options' ->> 'keep')::integer);
    end if;

    select * into recorded from ml.model_versions where model = name and version = number;
    return recorded;
end
$$;
alter function ml.record_version(jsonb, bytea, bytea) owner to ml_registry;
comment on function ml.record_version(jsonb, bytea, bytea)
is 'Internal: how ml.train writes a version that it has reserved and signed; promotes it where asked and retires old ones';

create or replace function ml.lock_reserved_version(name text, number integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ml.models where model = name and last_version = number for update;
    if not found or exists (select from ml.model_versions where model = name and version = number) then
        raise exception 'Version % of model % is not reserved', coalesce(number::text, 'NULL'), quote_nullable(name)
            using errcode = 'invalid_parameter_value', hint = 'Train with ml.train; it records the version itself.';
    end if;
end
$$;
comment on function ml.lock_reserved_version(text, integer)
is 'Internal: refuses a version number that ml.reserve_version has not given, or that is used';
