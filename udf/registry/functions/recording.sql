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
        'coefficients', 'partial_dependence', 'partial_dependence_pairs', 'correlations', 'residuals', 'checks',
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

create or replace function ml.record_groups(
    model text, version integer, names text[], artifacts bytea[], signatures bytea[], metrics jsonb, replaced jsonb
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    verb text := case when jsonb_typeof(replaced) = 'object' then 'train_groups' else 'train' end;
    verification record;
begin
    perform ml.lock_model(verb, record_groups.model);
    -- ml.lock_version reads the whole row, which grows with the number of groups, so it only raises the error.
    if not exists (
        select from ml.model_versions where model = record_groups.model and version = record_groups.version
    ) then
        perform ml.lock_version(verb, record_groups.model, record_groups.version);
    end if;

    for verification in
        select verified.problem, verified.remedy
        from unnest(artifacts, signatures) as members (artifact, signature)
        cross join lateral
            ml.verify_artifact(record_groups.model, record_groups.version, artifact, signature) as verified
        where verified.problem is not null
    loop
        raise exception '%', verification.problem
            using errcode = 'invalid_parameter_value', hint = verification.remedy;
    end loop;

    if metrics @? '$[*] ? (exists (@.model) || exists (@.version) || !exists (@.segment) || @.segment == "all")' then
        raise exception 'The metrics of groups name a model or a version, or no segment'
            using errcode = 'invalid_parameter_value', hint = 'Train with ml.train; it records the groups itself.';
    end if;

    -- What the version said of these groups before.
    if verb = 'train_groups' then
        delete from ml.group_artifacts
        where model = record_groups.model and version = record_groups.version
            and "group" in (select facts ->> 'group' from jsonb_each(replaced) as entries (segment, facts));

        delete from ml.metrics
        where model = record_groups.model and version = record_groups.version and split = 'test' and segment <> 'all'
            and segment in (select jsonb_object_keys(replaced));

        update ml.model_versions as versions
        set groups = (
            select jsonb_agg(coalesce(later.entry, earlier.entry) order by earlier.position, later.entry ->> 'group')
            from jsonb_array_elements(versions.groups) with ordinality as earlier (entry, position)
            full join (
                select facts || jsonb_build_object('retrained_at', clock_timestamp()) as entry
                from jsonb_each(replaced) as entries (segment, facts)
            ) as later on later.entry ->> 'group' = earlier.entry ->> 'group'
        )
        where versions.model = record_groups.model and versions.version = record_groups.version;
    end if;

    insert into ml.group_artifacts (model, version, "group", content, sha256, signature, trained_by, trained_at)
    select
        record_groups.model, record_groups.version, name, artifact, encode(sha256(artifact), 'hex'),
        signature, session_user, clock_timestamp()
    from unnest(names, artifacts, signatures) as members (name, artifact, signature);

    insert into ml.metrics
    select * from jsonb_populate_recordset(
        jsonb_populate_record(
            null::ml.metrics, jsonb_build_object('model', record_groups.model, 'version', record_groups.version)
        ),
        metrics
    );
end
$$;
alter function ml.record_groups(text, integer, text[], bytea[], bytea[], jsonb, jsonb) owner to ml_registry;
comment on function ml.record_groups(text, integer, text[], bytea[], bytea[], jsonb, jsonb)
is 'Internal: how ml.train, ml.train_group and ml.train_groups write the models of groups that they have signed, and the metrics of groups, many at a time; replaced holds the new entries of ml.model_versions.groups by segment';
