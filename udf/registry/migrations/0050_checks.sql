-- The outcome of every check of a training.

create table ml.checks (
    model text not null,
    version integer not null,
    position integer not null,
    code text not null,
    title text not null,
    severity text not null check (severity in ('issue', 'tip', 'passed', 'not_applicable')),
    column_name text,
    message text not null,
    remedy text,
    primary key (model, version, position),
    foreign key (model, version) references ml.model_versions on delete cascade
);
