revoke all on all tables in schema ml from public;
revoke all on function
    ml.rawbytes(double precision[], integer), ml.rawarray(bytea, integer), ml.numbers(bytea, boolean),
    ml.record_version(jsonb, bytea),
    ml.record_drift(text, integer, jsonb), ml.record_profile(jsonb)
from public;
revoke all on function
    ml.hold_model(text, text), ml.hold_version(text, text, integer), ml.champion_before(text),
    ml.set_champion(text, integer, text), ml.retire_versions(text, integer)
from public;

grant usage on schema ml to ml_registry, transformer;
grant select, insert, update, delete on all tables in schema ml to ml_registry;
grant select on all tables in schema ml to transformer;
grant execute on function
    ml.rawbytes(double precision[], integer), ml.numbers(bytea, boolean),
    ml.record_version(jsonb, bytea), ml.record_drift(text, integer, jsonb), ml.record_profile(jsonb)
to transformer;
grant execute on function ml.rawarray(bytea, integer) to ml_registry;
grant execute on function
    ml.hold_model(text, text), ml.hold_version(text, text, integer), ml.champion_before(text),
    ml.set_champion(text, integer, text), ml.retire_versions(text, integer)
to ml_registry;
