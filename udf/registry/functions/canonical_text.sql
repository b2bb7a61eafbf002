-- The settings hold inside the function alone: the query of the caller runs under its own.
create or replace function ml.canonical_text(value anyelement)
returns text
language sql
stable parallel safe
set datestyle = 'ISO, MDY'
set timezone = 'UTC'
set intervalstyle = 'postgres'
set extra_float_digits = 1
set bytea_output = 'hex'
set lc_monetary = 'C'
set search_path = pg_catalog, pg_temp
as $$
    select value::text
$$;
comment on function ml.canonical_text(anyelement)
is 'Internal: the text of a value under the default settings, with times in UTC; see glasshouse_ml/data/canonical_text.py';
