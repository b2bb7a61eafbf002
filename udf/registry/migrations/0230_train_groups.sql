-- ml.record_groups, with another signature, also does what ml.record_group did.
drop function if exists ml.record_group(text, integer, text, bytea, bytea, jsonb, jsonb);
drop function if exists ml.record_groups(text, integer, text[], bytea[], bytea[], jsonb);
