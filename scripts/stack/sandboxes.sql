-- Sandboxes of guests (make sandbox): a login and a schema of the same name, sandbox_<name>, with a
-- limit on the size of the schema. PostgreSQL has no such limit. So triggers measure the schema after
-- each statement that can fill it, and refuse the statement. A guest owns the tables and may therefore
-- drop or disable the triggers; an event trigger, which a guest cannot change, then makes them again.

do $$
begin
    if not exists (select from pg_roles where rolname = 'sandboxes') then
        create role sandboxes nologin;
        comment on role sandboxes is 'The rights that all guests with a sandbox have in the warehouse';
    end if;
end
$$;

grant connect on database warehouse to sandboxes;
-- For columns that number their rows.
grant execute on function nextval(regclass), currval(regclass), lastval(), setval(regclass, bigint),
    setval(regclass, bigint, boolean) to sandboxes;

create table if not exists access.sandboxes (
    login name primary key,
    quota bigint not null
);
comment on table access.sandboxes is 'The guests, and the size that the schema of each may have';
comment on column access.sandboxes.login is 'The login role, and the schema of the same name';
comment on column access.sandboxes.quota is 'The size in bytes: tables, their indexes and long values';
revoke all on access.sandboxes from public;

create or replace function access.require_quota(guest name)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    allowed constant bigint := (select quota from access.sandboxes where login = guest);
    used constant bigint := (
        select coalesce(sum(pg_total_relation_size(oid)), 0)
        from pg_class
        where relnamespace = to_regnamespace(quote_ident(guest)) and relkind in ('r', 'm')
    );
begin
    if used > allowed then
        raise exception 'The schema % would hold %, and its quota is %', guest, pg_size_pretty(used), pg_size_pretty(allowed)
        using errcode = 'disk_full', hint = 'Drop or truncate a table, then try again.';
    end if;
end
$$;
comment on function access.require_quota(name) is 'Internal: raises an error if the schema of a guest is too large';

create or replace function access.check_quota()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform access.require_quota(tg_table_schema);
    return null;
end
$$;
comment on function access.check_quota() is 'Internal: the trigger on each table of a guest';

create or replace function access.watch_sandbox(guest name)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    relation regclass;
begin
    for relation in
        select oid
        from pg_class
        where
            relnamespace = to_regnamespace(quote_ident(guest)) and relkind in ('r', 'p')
            and not exists (
                select from pg_trigger
                where
                    tgrelid = pg_class.oid and tgname = 'quota' and tgenabled in ('O', 'A')
                    and tgfoid = 'access.check_quota()'::regprocedure
            )
    loop
        -- It fires the event trigger again, which then finds that this table lacks nothing.
        execute format(
            'create or replace trigger quota after insert or update on %s execute function access.check_quota()',
            relation
        );
    end loop;
end
$$;
comment on function access.watch_sandbox(name) is 'Internal: gives each table of a guest the trigger that it lacks';

create or replace function access.limit_sandbox()
returns event_trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from access.sandboxes where login = session_user) then
        return;
    end if;
    perform access.watch_sandbox(session_user);
    -- Whoever has too much must be able to drop something.
    if tg_tag not like 'DROP %' then
        perform access.require_quota(session_user);
    end if;
end
$$;
comment on function access.limit_sandbox() is 'Internal: the event trigger on the commands of guests';

revoke execute on function access.require_quota(name), access.check_quota(), access.watch_sandbox(name),
    access.limit_sandbox() from public;

do $$
begin
    if not exists (select from pg_event_trigger where evtname = 'sandbox_quota') then
        create event trigger sandbox_quota on ddl_command_end execute function access.limit_sandbox();
    end if;
end
$$;
