-- A check and no more: it tells whether the server has signed something, and signs nothing.
create or replace function ml.verify_artifact(model text, version integer, content bytea, signature bytea)
returns void
language plpython3u
as $$
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.database import sql_error
from glasshouse_ml.registry.signatures import verify

try:
    verify(model, version, content, signature)
except GlasshouseError as error:
    raise sql_error(plpy, "record_version", error) from None
$$;
comment on function ml.verify_artifact(text, integer, bytea, bytea)
is 'Internal: refuses an artifact that this server has not signed as this version of this model';
