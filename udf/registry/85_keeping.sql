-- How what was measured of rows is kept: drift beside a version, profiles by themselves.

create or replace function ml.record_drift(name text, of_version integer, facts jsonb)
returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
    insert into ml.drifts
    select written.*
    from
        jsonb_array_elements(facts) as stated,
        jsonb_populate_record(
            null::ml.drifts,
            stated || jsonb_build_object(
                'model', name, 'version', of_version, 'measured_at', statement_timestamp()
            )
        ) as written
$$;
alter function ml.record_drift(text, integer, jsonb) owner to ml_registry;
comment on function ml.record_drift(text, integer, jsonb)
is 'Internal: how ml.watch writes the registry';

create or replace function ml.record_profile(facts jsonb)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    detail text;
begin
    if coalesce(facts -> 'profile' ->> 'name', '') = '' then
        raise exception 'The profile to record has no name'
            using errcode = 'invalid_parameter_value', hint = 'Call ml.profile; it records by itself.';
    end if;
    -- Two sessions that write the same profile queue here until the other one has committed.
    perform pg_advisory_xact_lock(hashtextextended('glasshouse profile ' || (facts -> 'profile' ->> 'name'), 0));
    delete from ml.profiles where name = facts -> 'profile' ->> 'name';
    insert into ml.profiles
    select *
    from jsonb_populate_record(
        null::ml.profiles,
        -- The caller's own word would not do: it could name someone else.
        (facts -> 'profile') || jsonb_build_object(
            'profiled_by', session_user, 'profiled_at', clock_timestamp()
        )
    );
    foreach detail in array array['profile_columns', 'profile_bins', 'profile_correlations'] loop
        execute format(
            'insert into ml.%1$I select written.* from jsonb_array_elements($1) as stated,'
            ' jsonb_populate_record(null::ml.%1$I, stated || $2) as written',
            detail
        ) using facts -> detail, jsonb_build_object('name', facts -> 'profile' -> 'name');
    end loop;
end
$$;
alter function ml.record_profile(jsonb) owner to ml_registry;
comment on function ml.record_profile(jsonb)
is 'Internal: how ml.profile writes the registry; a profile of the same name is replaced';
