-- Which condition of retrain_when led to a training, and the period that it is about. NULL for
-- decisions recorded before, for a model without retrain_when, and where nothing was trained.

alter table ml.retraining_decisions add column condition text
check (condition in ('definition', 'days', 'new_rows', 'drift', 'performance'));
alter table ml.retraining_decisions add column period text;
