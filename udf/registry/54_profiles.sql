-- What ml.profile kept: what the rows of a query look like, with or without a model.

create table if not exists ml.profiles (
    name text primary key,
    query text not null,
    rows bigint not null,
    columns integer not null,
    excluded jsonb not null,
    profiled_by text not null,
    profiled_at timestamptz not null,
    seconds double precision not null
);

comment on table ml.profiles is 'One row per profile; ml.profile with the same name replaces it';
comment on column ml.profiles.name is 'Name of the profile';
comment on column ml.profiles.query is 'The SELECT whose rows were read';
comment on column ml.profiles.rows is 'Rows the query returned';
comment on column ml.profiles.columns is 'Columns that were profiled';
comment on column ml.profiles.excluded is 'Columns that were not, each with the reason';
comment on column ml.profiles.profiled_by is 'Database role that was logged in';
comment on column ml.profiles.profiled_at is 'When it was recorded';
comment on column ml.profiles.seconds is 'Time from call to record';

create table if not exists ml.profile_columns (
    name text not null references ml.profiles on delete cascade,
    column_name text not null,
    position integer not null,
    type text not null,
    kind text not null,
    rows bigint not null,
    missing bigint not null,
    distinct_values bigint not null,
    min double precision,
    lower_quartile double precision,
    median double precision,
    upper_quartile double precision,
    max double precision,
    mean double precision,
    sd double precision,
    most_frequent text,
    most_frequent_n bigint,
    primary key (name, column_name)
);

comment on table ml.profile_columns is 'One row per column of a profile';
comment on column ml.profile_columns.name is 'Name of the profile';
comment on column ml.profile_columns.column_name is 'Name of the column';
comment on column ml.profile_columns.position is 'Its place in the query, from 1';
comment on column ml.profile_columns.type is 'Its type in SQL';
comment on column ml.profile_columns.kind is 'number, category, boolean or time';
comment on column ml.profile_columns.rows is 'Rows of the query';
comment on column ml.profile_columns.missing is 'Rows in which it is NULL or NaN';
comment on column ml.profile_columns.distinct_values is 'Different values';
comment on column ml.profile_columns.min is 'Smallest value (times in days since 1970-01-01); NULL for categories, as the other statistics';
comment on column ml.profile_columns.lower_quartile is 'What a quarter of the values lie below';
comment on column ml.profile_columns.median is 'What half of the values lie below';
comment on column ml.profile_columns.upper_quartile is 'What a quarter of the values lie above';
comment on column ml.profile_columns.max is 'Largest value';
comment on column ml.profile_columns.mean is 'Mean; of a boolean the share of true';
comment on column ml.profile_columns.sd is 'Standard deviation';
comment on column ml.profile_columns.most_frequent is 'The most frequent category or boolean; NULL for numbers and times';
comment on column ml.profile_columns.most_frequent_n is 'Rows that have it';

create table if not exists ml.profile_bins (
    name text not null,
    column_name text not null,
    bin integer not null,
    lower double precision,
    upper double precision,
    category text,
    n bigint not null,
    primary key (name, column_name, bin),
    foreign key (name, column_name) references ml.profile_columns on delete cascade
);

comment on table ml.profile_bins is 'How the values of each column of a profile are spread';
comment on column ml.profile_bins.name is 'Name of the profile';
comment on column ml.profile_bins.column_name is 'Name of the column';
comment on column ml.profile_bins.bin is 'Order of the bins, from 1; missing values come last';
comment on column ml.profile_bins.lower is 'Lower edge of the bin; the first bin also holds everything below it';
comment on column ml.profile_bins.upper is 'Upper edge of the bin; the last bin also holds everything above it';
comment on column ml.profile_bins.category is 'The value, for categories and booleans; other for the rest; (missing) for NULL';
comment on column ml.profile_bins.n is 'Rows in the bin';

create table if not exists ml.profile_correlations (
    name text not null references ml.profiles on delete cascade,
    column_name text not null,
    other text not null,
    method text not null,
    value double precision,
    n bigint not null,
    primary key (name, column_name, other, method)
);

comment on table ml.profile_correlations is 'How far two columns of a profile go together; as ml.correlations';
comment on column ml.profile_correlations.name is 'Name of the profile';
comment on column ml.profile_correlations.column_name is 'Name of the column';
comment on column ml.profile_correlations.other is 'Another column that stands after it';
comment on column ml.profile_correlations.method is 'pearson, spearman, cramers_v or correlation_ratio, see ml.correlations';
comment on column ml.profile_correlations.value is 'The measure; NULL where one of the two does not vary';
comment on column ml.profile_correlations.n is 'Rows in which both are known';
