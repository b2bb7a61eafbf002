-- Rows that are split by time have other baselines beside the dummy; NULL is the dummy.

alter table ml.model_versions add column baseline_algorithm text;
