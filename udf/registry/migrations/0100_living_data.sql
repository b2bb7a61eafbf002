-- Drift: what the verdict rests on, and columns that only age.

alter table ml.drifts add column outside_range double precision;
alter table ml.drifts add column psi_previous double precision;
alter table ml.drifts add column p_value double precision;
alter table ml.drifts add constraint drifts_shares check (
    outside_range between 0 and 1 and p_value between 0 and 1 and abs(psi_previous) < 'Infinity'
);
alter table ml.drifts drop constraint drifts_verdict_check;
alter table ml.drifts add constraint drifts_verdict_check check (
    verdict in ('as in training', 'ages', 'watch', 'retrain')
);
