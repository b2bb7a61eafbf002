-- An array of numbers without NULLs already lies in memory as the bytes numpy wants. Taking them as
-- they are is twice as fast as any documented conversion. The engine compares the result with
-- array_send() once per session and uses that where the two differ.
-- Byte 21 is where the numbers of a one-dimensional array begin.
create or replace function ml.rawbytes(numbers double precision[], first_byte integer)
returns bytea
language internal
immutable strict parallel safe
as 'bytea_substr_no_len';
comment on function ml.rawbytes(double precision[], integer)
is 'Internal: the bytes of an array of numbers without NULLs, as they lie in memory';

-- The way back: numbers as bytes become an array. Whoever could hand over bytes with a head of their
-- own could make Postgres read beyond them, so nobody may call this one: ml.numbers() writes the head.
create or replace function ml.rawarray(content bytea, first_byte integer)
returns double precision[]
language internal
immutable strict parallel safe
as 'bytea_substr_no_len';
comment on function ml.rawarray(bytea, integer)
is 'Internal: bytes that are an array of numbers, as an array; for ml.numbers() alone';

create or replace function ml.numbers(content bytea, raw boolean)
returns double precision[]
language plpgsql
immutable strict parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    count bytea := int4send(length(content) / 8);
begin
    if not raw then
        return convert_from(content, 'UTF8');
    end if;
    if length(content) % 8 <> 0 then
        raise exception 'Numbers take eight bytes each, these are %', length(content)
            using errcode = 'invalid_parameter_value';
    end if;
    if length(content) = 0 then
        return '{}';
    end if;
    -- One dimension, no NULLs, float8, how many (the low byte first), numbered from 1.
    return ml.rawarray(
        '\x0100000000000000bd020000'::bytea
        || substr(count, 4, 1) || substr(count, 3, 1) || substr(count, 2, 1) || substr(count, 1, 1)
        || '\x01000000'::bytea
        || content,
        1
    );
end
$$;
alter function ml.numbers(bytea, boolean) owner to ml_registry;
comment on function ml.numbers(bytea, boolean)
is 'Internal: an array of the numbers in the bytes, as they lie in memory or (raw false) in its text';
