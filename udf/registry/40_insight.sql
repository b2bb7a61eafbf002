-- What a version saw and what it relies on.

create table if not exists ml.importances (
    model text not null,
    version integer not null,
    feature text not null,
    method text not null,
    metric text not null,
    mean double precision not null,
    deviation double precision not null,
    repeats integer not null,
    rank integer not null,
    primary key (model, version, method, feature),
    foreign key (model, version) references ml.model_versions on delete cascade
);

comment on table ml.importances is 'How much worse the model gets on test rows when one feature is shuffled';
comment on column ml.importances.model is 'Name of the model';
comment on column ml.importances.version is 'Version of the model';
comment on column ml.importances.feature is 'Feature that was shuffled';
comment on column ml.importances.method is 'How it was measured: permutation';
comment on column ml.importances.metric is 'Measure that got worse; for a clustering same_cluster: the share of rows that stay in their cluster; for outliers without labels same_order: how far the rows keep their order of scores';
comment on column ml.importances.mean is 'Mean loss in that measure; above zero means the model uses the feature to good effect';
comment on column ml.importances.deviation is 'Standard deviation of the loss over the repeats';
comment on column ml.importances.repeats is 'How often the feature was shuffled';
comment on column ml.importances.rank is '1 = the most important feature';

create table if not exists ml.distributions (
    model text not null,
    version integer not null,
    feature text not null,
    kind text not null,
    bin integer not null,
    lower double precision,
    upper double precision,
    category text,
    class text,
    n bigint not null,
    foreign key (model, version) references ml.model_versions on delete cascade
);
create unique index if not exists distributions_one_count
on ml.distributions (model, version, feature, bin, coalesce(class, ''));

comment on table ml.distributions is 'How the values of each feature are spread, by class or cluster';
comment on column ml.distributions.model is 'Name of the model';
comment on column ml.distributions.version is 'Version of the model';
comment on column ml.distributions.feature is 'Name of the feature';
comment on column ml.distributions.kind is 'number, category, boolean or time';
comment on column ml.distributions.bin is 'Order of the bins, from 1; missing values come last';
comment on column ml.distributions.lower is 'Lower edge of the bin; the first bin also holds everything below it';
comment on column ml.distributions.upper is 'Upper edge of the bin; the last bin also holds everything above it';
comment on column ml.distributions.category is 'The value, for categories and booleans; other for the rest; (missing) for NULL';
comment on column ml.distributions.class is 'Class of the rows; NULL where there are no classes';
comment on column ml.distributions.n is 'Rows in the bin';
