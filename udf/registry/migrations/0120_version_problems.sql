-- What is malformed in a version, judged when its row is written (functions/malformed_versions.sql).

alter table ml.model_versions add column problem text;
