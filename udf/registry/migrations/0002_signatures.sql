-- Artifacts are signed by the server, and versions get their number before they are signed.

alter table ml.artifacts add column signature bytea;

do language plpython3u $$
from glasshouse_ml.registry.upgrade import sign_artifacts

sign_artifacts(plpy)
$$;

drop function if exists ml.record_version(jsonb, bytea);
drop function if exists ml.hold_model(text, text);
drop function if exists ml.hold_version(text, text, integer);
drop function if exists ml.champion_before(text);
drop function if exists ml.set_champion(text, integer, text);
