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
