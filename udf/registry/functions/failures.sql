-- An exception that leaves PL/Python shows a traceback. So the engine stores an error that is meant
-- for the caller, and PL/pgSQL raises it: glasshouse_ml/data/sql_function.py.
create or replace function ml.failure(out message text, out hint text, out error_code text)
language plpython3u
as $$
return GD.pop("failure", None)
$$;
comment on function ml.failure()
is 'Internal: the error with which the last call of a Python function of this session ended; NULL where it ended well';

create or replace function ml.raise_failure(function_name text)
returns double precision[]
language plpgsql
as $$
declare
    failure record := ml.failure();
begin
    if failure.hint is not null then
        raise exception using
            message = format('ml.%s: %s', function_name, failure.message), hint = failure.hint,
            errcode = failure.error_code;
    elsif failure.message is not null then
        raise exception using
            message = format('ml.%s: %s', function_name, failure.message), errcode = failure.error_code;
    end if;
    return null;
end
$$;
comment on function ml.raise_failure(text)
is 'Internal: raises the error of ml.failure(), if there is one, under the name of the SQL function that was called';
