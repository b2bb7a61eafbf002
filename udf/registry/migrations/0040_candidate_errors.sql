-- A candidate that fails is recorded with the reason; its score is NULL.
alter table ml.candidates add column error text;
