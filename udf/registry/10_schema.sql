-- The engine's own schema: the registry of trained models and the few SQL helpers around it.
-- The superuser applies the files of this folder before each build, in the order of their names and
-- in one transaction; they change nothing that is already right.
-- Functions that train and predict are dbt function nodes (udf/functions), not part of this folder.

set local client_min_messages = warning;

create extension if not exists plpython3u;

do $$
begin
    -- Owns the single door into the registry and nothing else; nobody can log in as it.
    if not exists (select from pg_roles where rolname = 'ml_registry') then
        create role ml_registry nologin;
    end if;
    -- Reads its sources and calls ml.*; `make up` gives it a password.
    if not exists (select from pg_roles where rolname = 'transformer') then
        create role transformer login;
    end if;
end
$$;

create schema if not exists ml;
revoke all on schema ml from public;
comment on schema ml is 'Machine learning inside the database: functions and the registry of trained models';
