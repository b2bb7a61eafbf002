-- The models of the groups of options.group_by, one row each: a prediction loads those it needs, and
-- ml.train_group replaces one. Versions recorded before hold all of them in ml.artifacts.

create table ml.group_artifacts (
    model text not null,
    version integer not null,
    "group" text not null,
    content bytea not null,
    sha256 text not null,
    signature bytea not null,
    trained_by text not null,
    trained_at timestamptz not null,
    primary key (model, version, "group"),
    foreign key (model, version) references ml.artifacts on delete cascade
);
alter table ml.group_artifacts alter column content set storage external;

-- How the final model was fitted; NULL for versions recorded before.
alter table ml.model_versions add column fit_method text
check (fit_method in ('in memory', 'sample', 'streaming', 'exact sums'));
