-- Writes what was measured of rows: drift and contests belong to a version, profiles stand by
-- themselves.

create or replace function ml.record_drift(name text, of_version integer, facts jsonb)
returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
    insert into ml.drifts
    select rows.*
    from
        jsonb_array_elements(facts) as element,
        jsonb_populate_record(
            null::ml.drifts,
            element || jsonb_build_object(
                'model', name,
                'version', of_version,
                -- One moment for all rows of a call, and another one for the next call of a statement.
                'measured_at', (select clock_timestamp())
            )
        ) as rows
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
    -- A row that stays is locked until the transaction ends: two sessions that write one profile
    -- take turns.
    insert into ml.profiles as profiles
    select *
    from jsonb_populate_record(
        null::ml.profiles,
        -- The facts could name another role.
        (facts -> 'profile') || jsonb_build_object(
            'profiled_by', session_user, 'profiled_at', clock_timestamp()
        )
    )
    on conflict (name) do update set
        (query, rows, columns, excluded, profiled_by, profiled_at, seconds)
        = (select excluded.query, excluded.rows, excluded.columns, excluded.excluded,
                  excluded.profiled_by, excluded.profiled_at, excluded.seconds);
    delete from ml.profile_columns where name = facts -> 'profile' ->> 'name';
    delete from ml.profile_correlations where name = facts -> 'profile' ->> 'name';
    foreach detail in array array['profile_columns', 'profile_bins', 'profile_correlations'] loop
        execute format(
            'insert into ml.%1$I select rows.* from jsonb_array_elements($1) as element,'
            ' jsonb_populate_record(null::ml.%1$I, element || $2) as rows',
            detail
        ) using facts -> detail, jsonb_build_object('name', facts -> 'profile' -> 'name');
    end loop;
end
$$;
alter function ml.record_profile(jsonb) owner to ml_registry;
comment on function ml.record_profile(jsonb)
is 'Internal: how ml.profile writes the registry; a profile of the same name is replaced';

create or replace function ml.record_contest(name text, of_version integer, facts jsonb)
returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
    insert into ml.contests
    select rows.*
    from
        jsonb_array_elements(facts) as element,
        jsonb_populate_record(
            null::ml.contests,
            element || jsonb_build_object(
                'model', name, 'version', of_version, 'measured_at', (select clock_timestamp())
            )
        ) as rows
$$;
alter function ml.record_contest(text, integer, jsonb) owner to ml_registry;
comment on function ml.record_contest(text, integer, jsonb)
is 'Internal: how ml.contest writes the registry';
