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

-- Whether a build trained a model again, and why.

create table ml.retraining_decisions (
    model text not null references ml.models on delete cascade,
    decided_at timestamptz not null,
    champion integer,
    retrain boolean not null,
    reason text not null,
    version integer,
    definition text,
    dbt_invocation text,
    primary key (model, decided_at)
);

-- What each `make refresh` did.

create table ml.refreshes (
    refresh integer generated always as identity primary key,
    started_at timestamptz not null,
    finished_at timestamptz,
    status text not null check (status in ('running', 'succeeded', 'failed', 'interrupted')),
    detail text
);
