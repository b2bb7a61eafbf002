-- Nobody has rights by default. ml_registry writes the registry, inside functions with its rights;
-- transformer reads the registry and executes those functions.
revoke all on schema ml from public;
revoke all on all tables in schema ml from public;
revoke all on all functions in schema ml from public;

grant usage on schema ml to ml_registry, transformer;
grant select, insert, update, delete on all tables in schema ml to ml_registry;
revoke insert, update, delete on ml.migrations from ml_registry;
grant select on all tables in schema ml to transformer;
-- A worker loads only what the server has signed, so the caller may write these copies.
grant insert, delete on ml.shared_artifacts to transformer;
grant execute on function
    ml.rawbytes(double precision[], integer), ml.numbers(bytea, boolean),
    ml.canonical_text(anyelement), ml.failure(), ml.raise_failure(text),
    ml.reserve_version(text), ml.record_version(jsonb, bytea, bytea),
    ml.record_groups(text, integer, text[], bytea[], bytea[], jsonb, jsonb),
    ml.record_drift(text, integer, jsonb), ml.record_contest(text, integer, jsonb),
    ml.record_profile(jsonb),
    ml.retraining_decision(text, jsonb, text, bigint, jsonb), ml.record_retraining(text, jsonb),
    ml.record_refresh(integer, text, text),
    ml.expect_tests(text, integer, jsonb), ml.record_test(text, integer, jsonb), ml.rejection_text(jsonb)
to transformer;
grant execute on function
    ml.rawarray(bytea, integer),
    ml.lock_model(text, text), ml.require_owner(text, text), ml.lock_version(text, text, integer),
    ml.lock_reserved_version(text, integer), ml.verify_artifact(text, integer, bytea, bytea),
    ml.rejection_text(jsonb),
    ml.previous_champion(text), ml.set_champion(text, integer, text), ml.retire_versions(text, integer)
to ml_registry;
