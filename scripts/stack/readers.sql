-- The logins with which Superset reads, and what PostgreSQL lets them read (decision 0011).
-- dashboard reads the reports; analyst reads marts and predictions too; a login with row filters is
-- called dashboard_ or analyst_ and a hash, and scripts/assets/access/readers.py makes it.

do $$
begin
    if not exists (select from pg_roles where rolname = 'readers') then
        create role readers nologin;
        comment on role readers is 'The rights that all logins of Superset have in the warehouse';
    end if;
    execute format('grant connect on database %I to readers', current_database());
end
$$;

grant usage on schema marts, predictions, reports to readers;
-- Older versions gave dashboard more than the reports; access.apply takes that away from each table.
alter default privileges for role transformer in schema marts, predictions revoke select on tables from dashboard;
grant readers to dashboard, analyst;
grant dashboard to analyst;

alter default privileges for role transformer in schema reports grant select on tables to dashboard;
alter default privileges for role transformer in schema marts, predictions grant select on tables to analyst;

-- PostgreSQL lets everybody execute a new function.
alter default privileges for role transformer revoke execute on functions from public;

create schema if not exists access;
comment on schema access is 'How Superset reads: one query at a time, and the row filters of its users';
grant usage on schema access to readers, transformer;

create table if not exists access.rules (
    login name not null,
    schema_name name not null,
    relation_name name,
    condition text,
    unique nulls not distinct (login, schema_name, relation_name)
);
comment on table access.rules is 'Which login of Superset reads which relations, and which of their rows';
comment on column access.rules.login is 'The login role';
comment on column access.rules.schema_name is 'The schema of the relation';
comment on column access.rules.relation_name is 'The relation; NULL for each relation of the schema that no other row names';
comment on column access.rules.condition is 'The login reads the rows for which this holds; NULL for every row';
grant select on access.rules to transformer;
insert into access.rules (login, schema_name)
values ('dashboard', 'reports'), ('analyst', 'marts'), ('analyst', 'predictions')
on conflict do nothing;

create or replace function access.limit_login(login name)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('alter role %I set default_transaction_read_only = on', login);
    execute format('alter role %I set statement_timeout = %L', login, '60s');
    -- Only a superuser can change this one.
    execute format('alter role %I set temp_file_limit = %L', login, '2GB');
end
$$;
comment on function access.limit_login(name) is 'Internal: the settings of a login that reads';
revoke execute on function access.limit_login(name) from public;
select access.limit_login('dashboard'), access.limit_login('analyst');

-- One SELECT and nothing else: PL/pgSQL opens a cursor for one statement that returns rows, and a
-- function that is STABLE runs no statement that could write or that is a command. So PostgreSQL's own
-- parser decides, whatever the text contains.
create or replace function access.open_query(query text)
returns refcursor
language plpgsql
stable
-- Plan for all rows: by default a cursor prefers a plan that returns the first rows early.
set cursor_tuple_fraction = 1
as $$
declare
    result refcursor;
begin
    open result for execute query;
    return result;
end
$$;
comment on function access.open_query(text)
is 'Opens a cursor for one SELECT, with the rights of the caller; refuses every other text';
revoke execute on function access.open_query(text) from public;
grant execute on function access.open_query(text) to readers;

create or replace function access.rights(relation regclass)
returns table (login name, condition text, policy name)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive target as (
        select
            pg_class.oid, relname, nspname, relkind not in ('v', 'm') as has_rows,
            coalesce(reloptions && array['security_invoker=true', 'security_invoker=on'], false) as asks_as_reader
        from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where pg_class.oid = relation
    ),

    chosen as (
        select distinct on (login) rules.login, rules.condition, target.has_rows, target.asks_as_reader
        from access.rules
        join target on nspname = schema_name and (relation_name is null or relation_name = relname)
        order by login, relation_name nulls last
    ),

    -- What a view reads, or whose part a table is: no policy of the relation itself would filter it.
    sources as (
        select oid from target
        union
        select next.oid
        from sources
        cross join lateral (
            select refobjid as oid from pg_rewrite join pg_depend on objid = pg_rewrite.oid
            where ev_class = sources.oid and classid = 'pg_rewrite'::regclass and refclassid = 'pg_class'::regclass
            union all
            select inhparent from pg_inherits where inhrelid = sources.oid
        ) as next
    ),

    unfiltered as (
        select rules.login
        from sources
        join pg_class using (oid)
        join pg_namespace on pg_namespace.oid = relnamespace
        join access.rules on nspname = schema_name and relname = relation_name and rules.condition is not null
        where sources.oid <> relation
    )

    select
        login, condition,
        ('reader ' || login || ' ' || left(md5(coalesce(condition, 'true')), 8))::name
    from chosen
    where
        (condition is null or has_rows)
        and (asks_as_reader or login not in (select login from unfiltered))
$$;
comment on function access.rights(regclass)
is 'Internal: the logins that read a relation, the condition on its rows, and the name of the policy with it';

create or replace function access.apply(relation regclass)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    reader record;
    has_policies boolean;
begin
    for reader in
        select rolname
        from pg_class
        cross join aclexplode(relacl)
        join pg_roles on pg_roles.oid = grantee
        where pg_class.oid = relation and rolname ~ '^(dashboard|analyst)(_[0-9a-f]{12})?$'
            and rolname not in (select login from access.rights(relation))
    loop
        execute format('revoke all on %s from %I', relation, reader.rolname);
    end loop;
    for reader in
        select login
        from access.rights(relation)
        where not exists (
            select from pg_class cross join aclexplode(relacl)
            where pg_class.oid = relation and grantee = to_regrole(quote_ident(login)) and privilege_type = 'SELECT'
        )
    loop
        execute format('grant select on %s to %I', relation, reader.login);
    end loop;

    -- Where one login has a filter, each needs a policy: without one it would read no row.
    has_policies := exists (select from access.rights(relation) where condition is not null);
    if array(
        select polname from pg_policy where polrelid = relation and polname like 'reader %' order by 1
    ) = array(select policy from access.rights(relation) where has_policies order by 1) then
        return;
    end if;
    for reader in select polname from pg_policy where polrelid = relation and polname like 'reader %' loop
        execute format('drop policy %I on %s', reader.polname, relation);
    end loop;
    if not has_policies then
        execute format('alter table %s disable row level security', relation);
        return;
    end if;
    execute format('alter table %s enable row level security', relation);
    for reader in select * from access.rights(relation) loop
        execute format(
            'create policy %I on %s for select to %I using (%s)',
            reader.policy, relation, reader.login, coalesce(reader.condition, 'true')
        );
    end loop;
end
$$;
comment on function access.apply(regclass)
is 'Gives the logins of Superset their rights on a relation, with the row filters as policies; its owner calls it';
revoke execute on function access.rights(regclass), access.apply(regclass) from public;
grant execute on function access.rights(regclass), access.apply(regclass) to transformer;
