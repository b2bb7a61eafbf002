-- What each group of columns adds to a model, as ml.contest measures it.

create table ml.contests (
    model text not null,
    version integer not null,
    measured_at timestamptz not null,
    feature_group text not null,
    columns text[] not null,
    metric text not null,
    folds integer not null check (folds > 0),
    score double precision check (abs(score) < 'Infinity'),
    score_without double precision check (abs(score_without) < 'Infinity'),
    difference double precision check (abs(difference) < 'Infinity'),
    lower double precision check (abs(lower) < 'Infinity'),
    upper double precision check (abs(upper) < 'Infinity'),
    p_value double precision check (p_value between 0 and 1),
    verdict text not null,
    primary key (model, version, measured_at, feature_group),
    foreign key (model, version) references ml.model_versions on delete cascade
);
