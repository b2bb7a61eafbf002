-- What ml.watch kept: how far rows were from those a version was made of, at each look.

create table if not exists ml.drift (
    model text not null,
    version integer not null,
    measured_at timestamptz not null,
    period text,
    feature text not null,
    kind text not null,
    rows bigint not null,
    psi double precision,
    js double precision,
    ks double precision,
    missing double precision,
    missing_change double precision,
    new_share double precision,
    new_categories text[],
    verdict text not null check (verdict in ('as in training', 'watch', 'retrain')),
    foreign key (model, version) references ml.model_versions on delete cascade
);
create unique index if not exists drift_one_fact
on ml.drift (model, version, measured_at, coalesce(period, ''), feature);

comment on table ml.drift is 'What ml.watch measured and kept; ml.drift measures the same and keeps nothing';
comment on column ml.drift.model is 'Name of the model';
comment on column ml.drift.version is 'The champion at that time';
comment on column ml.drift.measured_at is 'When it was measured; the same for all rows of one call';
comment on column ml.drift.period is 'Part of the rows, by the column that was named as period; NULL: all rows, or those without a period';
comment on column ml.drift.feature is 'Name of the feature, or (score): what the model answers';
comment on column ml.drift.kind is 'number, category, boolean or time; score for what the model answers';
comment on column ml.drift.rows is 'Rows that were compared';
comment on column ml.drift.psi is 'Population stability index, NULL as a bin of its own; an empty bin counts as a share of 0.0001';
comment on column ml.drift.js is 'Jensen–Shannon distance, from 0 to 1';
comment on column ml.drift.ks is 'Kolmogorov–Smirnov distance at the edges of the bins, without NULLs; numbers, times and scores only';
comment on column ml.drift.missing is 'Share of NULLs';
comment on column ml.drift.missing_change is 'That share less the share in training';
comment on column ml.drift.new_share is 'Share of rows with a category that training never met';
comment on column ml.drift.new_categories is 'The most frequent of these categories';
comment on column ml.drift.verdict is 'as in training: psi below 0.1, or no larger than chance gives with so few rows; watch: up to 0.25; retrain: above';
