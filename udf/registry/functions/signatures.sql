-- It tells whether the server has signed an artifact, and signs nothing.
create or replace function ml.verify_artifact(
    model text, version integer, content bytea, signature bytea, out problem text, out remedy text
)
language plpython3u
as $$
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.registry.signatures import verify

try:
    verify(model, version, content, signature)
except GlasshouseError as error:
    return error.message, error.hint
return None, None
$$;
comment on function ml.verify_artifact(text, integer, bytea, bytea)
is 'Internal: why an artifact is not accepted as this version of this model, and what to do; NULL where this server has signed it';
