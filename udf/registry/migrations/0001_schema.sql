-- The registry as commit 913d671 left it. A database that has it already keeps it as it is, which is
-- why these statements look first; the statements of later migrations need not.

do $$
begin
    -- Owns the functions that write the registry, and nothing else. Nobody can log in as it.
    if not exists (select from pg_roles where rolname = 'ml_registry') then
        create role ml_registry nologin;
    end if;
    -- Reads the sources and calls ml.*; `make up` gives it a password.
    if not exists (select from pg_roles where rolname = 'transformer') then
        create role transformer login;
    end if;
end
$$;

create schema if not exists ml;
revoke all on schema ml from public;

-- What a version is, what it was made from, and which one is champion.

create table if not exists ml.model_versions (
    model text not null,
    version integer not null,
    status text not null check (status in ('champion', 'challenger', 'archived')),
    task text not null,
    target text,
    key text,
    algorithm text not null,
    params jsonb not null,
    metric text not null,
    score double precision,
    lower double precision,
    upper double precision,
    baseline double precision,
    classes jsonb,
    positive_class text,
    features jsonb not null,
    excluded jsonb not null,
    rows_read integer not null,
    rows_train integer not null,
    rows_test integer not null,
    split jsonb not null,
    options jsonb not null,
    query text not null,
    data_fingerprint text not null,
    spec_fingerprint text not null,
    libraries jsonb not null,
    trained_by text not null,
    trained_at timestamptz not null,
    seconds double precision not null,
    peak_memory_mb double precision,
    git_commit text,
    dbt_invocation text,
    primary key (model, version)
);

create unique index if not exists model_versions_one_champion
on ml.model_versions (model) where status = 'champion';

alter table ml.model_versions add column if not exists comparison jsonb;
alter table ml.model_versions add column if not exists baseline_answer double precision;
alter table ml.model_versions add column if not exists threshold double precision;
alter table ml.model_versions add column if not exists groups jsonb;

create table if not exists ml.artifacts (
    model text not null,
    version integer not null,
    content bytea not null,
    sha256 text not null,
    primary key (model, version),
    foreign key (model, version) references ml.model_versions on delete cascade
);
-- A skops file is a zip file: trying to compress it again would only cost time.
alter table ml.artifacts alter column content set storage external;

create table if not exists ml.candidates (
    model text not null,
    version integer not null,
    candidate integer not null,
    algorithm text not null,
    params jsonb not null,
    is_baseline boolean not null,
    chosen boolean not null,
    metric text not null,
    score double precision,
    deviation double precision,
    fold_scores double precision[],
    seconds double precision,
    primary key (model, version, candidate),
    foreign key (model, version) references ml.model_versions on delete cascade
);

alter table ml.candidates add column if not exists rows_share double precision;

-- Counts the versions that were ever made: a number that was dropped is not given to another one.
create table if not exists ml.models (
    model text primary key,
    last_version integer not null
);

-- Who was champion when. Each row begins a reign, and a rollback ends it by marking it as undone, so
-- the champion of a moment is the last row begun before it and not yet undone then.
create table if not exists ml.promotions (
    model text not null,
    promotion integer not null,
    version integer not null,
    how text not null check (how in ('train', 'promote')),
    promoted_by text not null,
    promoted_at timestamptz not null,
    undone_by text,
    undone_at timestamptz,
    primary key (model, promotion),
    foreign key (model, version) references ml.model_versions on delete cascade
);

-- A registry from before these tables: every champion was made by its training, in turn.
insert into ml.models
select model, max(version) from ml.model_versions group by model
on conflict (model) do nothing;

insert into ml.promotions (model, promotion, version, how, promoted_by, promoted_at)
select model, row_number() over (partition by model order by version), version, 'train', trained_by, trained_at
from ml.model_versions
where status in ('champion', 'archived') and model not in (select model from ml.promotions);

do $$
begin
    if to_regtype('ml.training_result') is null then
        create type ml.training_result as (
            model text,
            version integer,
            algorithm text,
            metric text,
            score double precision,
            baseline double precision,
            champion boolean,
            seconds double precision
        );
    end if;
end
$$;

-- How good a version is.

create table if not exists ml.metrics (
    model text not null,
    version integer not null,
    series text not null check (series in ('model', 'baseline')),
    split text not null check (split in ('test', 'train', 'validation')),
    fold integer,
    segment text not null default 'all',
    metric text not null,
    value double precision,
    lower double precision,
    upper double precision,
    foreign key (model, version) references ml.model_versions on delete cascade
);
-- A primary key cannot hold the NULL fold of the train and test parts.
create unique index if not exists metrics_one_value
on ml.metrics (model, version, series, split, coalesce(fold, 0), segment, metric);

alter table ml.metrics add column if not exists n bigint;

create table if not exists ml.curves (
    model text not null,
    version integer not null,
    curve text not null,
    series text not null,
    position integer not null,
    x double precision,
    y double precision,
    threshold double precision,
    lower double precision,
    upper double precision,
    n bigint,
    primary key (model, version, curve, series, position),
    foreign key (model, version) references ml.model_versions on delete cascade
);

create table if not exists ml.confusion (
    model text not null,
    version integer not null,
    split text not null,
    threshold double precision,
    actual text not null,
    predicted text not null,
    n bigint not null,
    foreign key (model, version) references ml.model_versions on delete cascade
);
create unique index if not exists confusion_one_count
on ml.confusion (model, version, split, coalesce(threshold, -1), actual, predicted);

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

-- How a version comes to its answers, and where it errs.

create table if not exists ml.coefficients (
    model text not null,
    version integer not null,
    class text not null default '',
    term text not null,
    feature text,
    estimate double precision not null,
    standard_error double precision,
    z double precision,
    p double precision,
    odds_ratio double precision,
    lower double precision,
    upper double precision,
    standardised double precision,
    rank integer not null,
    -- Not the term: a text of megabytes is one too, and no index would take it.
    primary key (model, version, class, rank),
    foreign key (model, version) references ml.model_versions on delete cascade
);

create table if not exists ml.partial_dependence (
    model text not null,
    version integer not null,
    feature text not null,
    class text not null default '',
    position integer not null,
    kind text not null check (kind in ('number', 'category')),
    x double precision,
    category text,
    mean double precision not null,
    lower double precision,
    median double precision,
    upper double precision,
    n bigint not null,
    primary key (model, version, feature, class, position),
    foreign key (model, version) references ml.model_versions on delete cascade
);

create table if not exists ml.correlations (
    model text not null,
    version integer not null,
    feature text not null,
    other text not null,
    method text not null check (method in ('pearson', 'spearman', 'cramers_v', 'correlation_ratio')),
    value double precision,
    n bigint not null,
    primary key (model, version, feature, other, method),
    foreign key (model, version) references ml.model_versions on delete cascade
);

create table if not exists ml.residuals (
    model text not null,
    version integer not null,
    position integer not null,
    key text,
    segment text,
    at timestamptz,
    actual double precision not null,
    predicted double precision not null,
    primary key (model, version, position),
    foreign key (model, version) references ml.model_versions on delete cascade
);

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

create table if not exists ml.profile_correlations (
    name text not null references ml.profiles on delete cascade,
    column_name text not null,
    other text not null,
    method text not null,
    value double precision,
    n bigint not null,
    primary key (name, column_name, other, method)
);
