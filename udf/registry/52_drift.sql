-- What ml.watch kept: how far rows were from those a version was made of, at each look.

-- Not ml.drift: dbt takes a table and a function of one name for one another.
drop table if exists ml.drift;

create table if not exists ml.drifts (
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
create unique index if not exists drifts_one_fact
on ml.drifts (model, version, measured_at, coalesce(period, ''), feature);

comment on table ml.drifts is 'What ml.watch measured and kept; ml.drift measures the same and keeps nothing';
comment on column ml.drifts.model is 'Name of the model';
comment on column ml.drifts.version is 'The champion at that time';
comment on column ml.drifts.measured_at is 'When it was measured; the same for all rows of one call';
comment on column ml.drifts.period is 'Part of the rows, by the column that was named as period; NULL: all rows, or those without a period';
comment on column ml.drifts.feature is 'Name of the feature, or (score): what the model answers';
comment on column ml.drifts.kind is 'number, category, boolean or time; score for what the model answers';
comment on column ml.drifts.rows is 'Rows that were compared';
comment on column ml.drifts.psi is 'Population stability index, NULL as a bin of its own; an empty bin counts as a share of 0.0001';
comment on column ml.drifts.js is 'Jensen–Shannon distance, from 0 to 1';
comment on column ml.drifts.ks is 'Kolmogorov–Smirnov distance at the edges of the bins, without NULLs; numbers, times and scores only';
comment on column ml.drifts.missing is 'Share of NULLs';
comment on column ml.drifts.missing_change is 'That share less the share in training';
comment on column ml.drifts.new_share is 'Share of rows with a category that training never met';
comment on column ml.drifts.new_categories is 'The most frequent of these categories';
comment on column ml.drifts.verdict is 'as in training: psi below 0.1, or no more than chance gives with so few rows (chi² test of homogeneity, p above 0.001); watch: up to 0.25; retrain: above';
