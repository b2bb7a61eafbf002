-- "create or replace" cannot change names of arguments or what is returned, and would leave a function
-- with other types standing beside the new one. The macro create_function calls this before it.
create or replace function ml.drop_other_signatures(function text, arguments text, result text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    other regprocedure;
begin
    for other in
        select oid
        from pg_proc
        where pronamespace = 'ml'::regnamespace
            and proname = function
            and (
                lower(pg_get_function_identity_arguments(oid)) <> lower(arguments)
                or lower(pg_get_function_result(oid)) <> lower(result)
            )
    loop
        execute format('drop function %s', other);
    end loop;
end
$$;
comment on function ml.drop_other_signatures(text, text, text)
is 'Internal: drops the functions of this name whose arguments or result differ from these';
