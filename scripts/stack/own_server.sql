-- What only a server of our own allows: nobody has anything by default. Run before provision.sql.

create extension if not exists plpython3u;

revoke all on database warehouse from public;
revoke all on schema public from public;
alter default privileges for role postgres revoke execute on functions from public;
revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public;
