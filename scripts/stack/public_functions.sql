-- Functions of PostgreSQL that everybody may execute after initdb, and that a reader must not.
-- A volatile function can take locks, change settings, send signals, write, or run a text as a query,
-- so readers get the few that cannot. Of the others, readers lose those that run a text as a query and
-- those that show the sessions of other users.

do $$
declare
    harmless constant name[] := array[
        'random', 'gen_random_uuid', 'clock_timestamp', 'timeofday', 'pg_is_in_recovery',
        'pg_relation_size', 'pg_table_size', 'pg_indexes_size', 'pg_total_relation_size',
        -- Citus calls them in a query of several tables; they read what the query itself has gathered.
        'read_intermediate_result', 'read_intermediate_results'
    ];
    reaching constant text := '^((query|cursor|table|schema|database)_to_xml|pg_stat_get_activity'
        '|pg_stat_get_backend|pg_stat_get_progress|pg_stat_get_wal_|pg_current_xact_id$|txid_current$)';
    revoked regprocedure;
begin
    for revoked in
        select oid
        from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace
            and (provolatile = 'v' and proname <> all (harmless) or proname ~ reaching)
            -- SQL cannot call what takes or returns the server's own structures.
            and 'internal'::regtype <> all (proargtypes::oid[])
            and prorettype not in ('language_handler'::regtype, 'trigger'::regtype)
            and has_function_privilege('public', oid, 'execute')
    loop
        execute format('revoke execute on routine %s from public', revoked);
        execute format('grant execute on routine %s to transformer, ml_registry, pg_monitor', revoked);
    end loop;
end
$$;

-- Without it nobody can run a block of statements (do).
revoke usage on language plpgsql from public;
grant usage on language plpgsql to transformer, ml_registry;
