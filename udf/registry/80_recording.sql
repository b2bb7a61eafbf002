create or replace function ml.record_version(payload jsonb, artifact bytea)
returns ml.model_versions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    facts jsonb := payload -> 'version';
    name text := facts ->> 'model';
    next_version integer;
    recorded ml.model_versions;
    detail text;
begin
    if jsonb_typeof(facts) is distinct from 'object' or coalesce(name, '') = '' then
        raise exception 'The version to record has no model name'
            using errcode = 'invalid_parameter_value', hint = 'Train with ml.train; it records the version itself.';
    end if;
    if length(name) > 200 then
        raise exception 'The name of a model may have at most 200 characters, this one has %', length(name)
            using errcode = 'invalid_parameter_value', hint = 'Choose a shorter name.';
    end if;
    if artifact is null or length(artifact) = 0 then
        raise exception 'The version of model % to record holds no trained model', quote_ident(name)
            using errcode = 'invalid_parameter_value', hint = 'Train with ml.train; it records the version itself.';
    end if;

    -- Two sessions that train the same model queue here until the other one has committed.
    perform pg_advisory_xact_lock(hashtextextended('glasshouse ' || name, 0));

    insert into ml.models as known (model, last_version) values (name, 1)
    on conflict (model) do update set last_version = known.last_version + 1
    returning last_version into next_version;

    facts := facts || jsonb_build_object(
        'version', next_version,
        -- A version becomes champion below, when everything about it is written.
        'status', case payload ->> 'status' when 'rejected' then 'rejected' else 'candidate' end,
        -- The caller's own word would not do: it could name someone else.
        'trained_by', session_user,
        'trained_at', clock_timestamp()
    );
    insert into ml.model_versions
    select * from jsonb_populate_record(null::ml.model_versions, facts);

    insert into ml.artifacts (model, version, content, sha256)
    values (name, next_version, artifact, encode(sha256(artifact), 'hex'));

    -- The payload names its rows' columns as the tables do; who they belong to is not its to say.
    foreach detail in array array[
        'candidates', 'metrics', 'curves', 'confusion', 'importances', 'distributions',
        'coefficients', 'partial_dependence', 'correlations', 'residuals'
    ] loop
        execute format(
            'insert into ml.%1$I select written.* from jsonb_array_elements($1) as stated,'
            ' jsonb_populate_record(null::ml.%1$I, $2 || stated || $3) as written',
            detail
        ) using
            coalesce(nullif(payload -> detail, 'null'), '[]'),
            jsonb_build_object('segment', 'all'),
            jsonb_build_object('model', name, 'version', next_version);
    end loop;

    if coalesce(payload ->> 'status', 'champion') = 'champion' then
        perform ml.set_champion(name, next_version, 'train');
    end if;
    if facts -> 'options' ->> 'keep' is not null then
        perform ml.retire_versions(name, (facts -> 'options' ->> 'keep')::integer);
    end if;

    select * into recorded from ml.model_versions where model = name and version = next_version;
    return recorded;
end
$$;
alter function ml.record_version(jsonb, bytea) owner to ml_registry;
comment on function ml.record_version(jsonb, bytea)
is 'Internal: how ml.train writes the registry. Gives the version its number, makes it champion where asked and retires old ones';
