-- The schemas, and who may do what in them. Run by the superuser on every `make up`, also in a server
-- that others use too; running it again changes nothing. Roles and databases are made before
-- (provision.py).

do $$
begin
    -- Owns the functions that write the registry, which the first migration makes.
    if not exists (select from pg_roles where rolname = 'ml_registry') then
        create role ml_registry nologin;
    end if;
    -- transformer: builds, and owns what it builds. `create` lets a developer's target have schemas
    -- of its own beside the real ones.
    execute format('grant connect, create, temporary on database %I to transformer', current_database());
end
$$;

create schema if not exists csv authorization transformer;
create schema if not exists shop authorization transformer;
create schema if not exists staging authorization transformer;
create schema if not exists vault authorization transformer;
create schema if not exists marts authorization transformer;
create schema if not exists features authorization transformer;
create schema if not exists models authorization transformer;
create schema if not exists predictions authorization transformer;
create schema if not exists reports authorization transformer;

-- ml: the engine's functions and registry; the superuser's, so that nobody else can change them.
create schema if not exists ml;
grant usage on schema ml to transformer;

comment on schema csv is 'Tables loaded from CSV files, as they came';
comment on schema shop is 'The shop as its own systems keep it: normalised and alive';
comment on schema staging is 'Sources, renamed and typed';
comment on schema vault is 'History: hubs, links and satellites';
comment on schema marts is 'Facts and dimensions for analysis';
comment on schema features is 'What the models learn from';
comment on schema models is 'One relation per model: what was trained last';
comment on schema predictions is 'What the models say about each row';
comment on schema reports is 'Prepared for the dashboards, every number computed';
comment on schema ml is 'Training and prediction functions, and the registry of models';
