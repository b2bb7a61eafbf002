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

comment on table ml.model_versions is 'One row per trained version of a model: what it is, what it was made from and how good it is';
comment on column ml.model_versions.model is 'Name of the model';
comment on column ml.model_versions.version is 'Counts up from 1 for each model';
comment on column ml.model_versions.task is 'What kind of question the model answers, such as classification';
comment on column ml.model_versions.target is 'Column the model predicts, for outliers the labels it is measured against; NULL where there is none';
comment on column ml.model_versions.key is 'Column that names a row; never a feature';
comment on column ml.model_versions.algorithm is 'The candidate that won the cross-validation';
comment on column ml.model_versions.params is 'Its parameters as they were asked for; ml.algorithms() shows the defaults';
comment on column ml.model_versions.metric is 'Measure by which the candidates were compared';
comment on column ml.model_versions.score is 'That measure on the test rows';
comment on column ml.model_versions.lower is 'Lower end of the 95 % interval of the score: Wilson for a share of rows, else bootstrap';
comment on column ml.model_versions.upper is 'Upper end of the 95 % interval of the score: Wilson for a share of rows, else bootstrap';
comment on column ml.model_versions.baseline is 'The same measure on the same rows for the baseline that ignores every feature; NULL for a clustering, which has none';
comment on column ml.model_versions.classes is 'Each class with its rows in the train and in the test part; for a clustering each cluster; for outliers without labels what was flagged; empty for a regression or a decomposition';
comment on column ml.model_versions.positive_class is 'The class whose probability is the score; NULL unless there are two classes';
comment on column ml.model_versions.features is 'Each feature: name, type, kind and statistics over the rows used (times in days since 1970-01-01); separation, on training rows, says how much a number alone tells: max(AUC, 1 - AUC) with two classes, |Spearman| with a target of numbers, else nothing; alone, how well the feature by itself predicts the target on rows the rule was not made from: ROC AUC with classes, R² with numbers';
comment on column ml.model_versions.excluded is 'Columns of the query that are no feature, each with the reason';
comment on column ml.model_versions.rows_read is 'Rows the query returned; those without a target are in neither part';
comment on column ml.model_versions.rows_train is 'Rows the model learned from';
comment on column ml.model_versions.rows_test is 'Rows kept aside for the one final test';
comment on column ml.model_versions.split is 'How the rows were divided into train and test';
comment on column ml.model_versions.options is 'Every option in force, defaults included';
comment on column ml.model_versions.query is 'The SELECT whose rows were read';
comment on column ml.model_versions.data_fingerprint is 'Changes when a row or a column that was read changes; the order of rows does not matter';
comment on column ml.model_versions.spec_fingerprint is 'Changes when the request or a library changes';
comment on column ml.model_versions.libraries is 'Versions of what computed the model';
comment on column ml.model_versions.trained_by is 'Database role that was logged in';
comment on column ml.model_versions.trained_at is 'When the version was recorded';
comment on column ml.model_versions.seconds is 'Time from call to record';
comment on column ml.model_versions.peak_memory_mb is 'Largest memory of the server process while it trained, in MiB';
comment on column ml.model_versions.git_commit is 'Commit of the project, where the caller told it (setting glasshouse.git_commit)';
comment on column ml.model_versions.dbt_invocation is 'Run of dbt, where the caller told it (setting glasshouse.dbt_invocation)';
comment on column ml.model_versions.comparison is 'With options.promote = if_better: what the champion of that time reached on the same test rows, the difference with its interval, and the decision';
comment on column ml.model_versions.groups is 'With options.group_by each group with its rows, and whether it has a model of its own (own) or why it is answered by the pooled one (why_not)';
comment on column ml.model_versions.threshold is 'With two classes the probability of the positive class from which a row is predicted to be of it: 0.5, or with options.costs what cost least on validated rows of the training part; for outliers 0, the score above which a row is one';
comment on column ml.model_versions.baseline_answer is 'For a regression: the number the baseline answers for every row';

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

comment on table ml.artifacts is 'The trained model itself, in the skops format, which cannot hold code';
comment on column ml.artifacts.model is 'Name of the model';
comment on column ml.artifacts.version is 'Version of the model';
comment on column ml.artifacts.content is 'Bytes of the skops file';
comment on column ml.artifacts.sha256 is 'Checksum of the bytes, computed when they were recorded and checked before they are loaded';

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

comment on table ml.candidates is 'Every algorithm that was tried, cross-validated inside the training part';
comment on column ml.candidates.model is 'Name of the model';
comment on column ml.candidates.version is 'Version of the model';
comment on column ml.candidates.candidate is 'Number of the candidate; the baseline, where there is one, is 0';
comment on column ml.candidates.algorithm is 'Name as in ml.algorithms()';
comment on column ml.candidates.params is 'Parameters as they were asked for; ml.algorithms() shows the defaults';
comment on column ml.candidates.is_baseline is 'True for the baseline that ignores every feature';
comment on column ml.candidates.chosen is 'True for the candidate that became the model';
comment on column ml.candidates.metric is 'Measure of the comparison';
comment on column ml.candidates.score is 'Mean of the measure over the folds';
comment on column ml.candidates.deviation is 'Standard deviation of the measure over the folds';
comment on column ml.candidates.fold_scores is 'The measure in each fold';
comment on column ml.candidates.seconds is 'Time of the cross-validation';
comment on column ml.candidates.rows_share is 'Share of the rows of each fold that it learned from; below 1 for a setting that a halving search gave up before it had seen all of them';

-- Counts the versions that were ever made: a number that was dropped is not given to another one.
create table if not exists ml.models (
    model text primary key,
    last_version integer not null
);

comment on table ml.models is 'One row per model: how many versions it ever had';
comment on column ml.models.model is 'Name of the model';
comment on column ml.models.last_version is 'The highest version number ever given, dropped versions included';

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

comment on table ml.promotions is 'Which version became champion when; the champion of a moment is the last row promoted before it and not yet undone then';
comment on column ml.promotions.model is 'Name of the model';
comment on column ml.promotions.promotion is 'Counts up from 1 for each model';
comment on column ml.promotions.version is 'The version that became champion';
comment on column ml.promotions.how is 'train: by ml.train; promote: by ml.promote';
comment on column ml.promotions.promoted_by is 'Database role that was logged in';
comment on column ml.promotions.promoted_at is 'When it became champion';
comment on column ml.promotions.undone_by is 'Who undid it with ml.rollback; NULL: nobody did';
comment on column ml.promotions.undone_at is 'When it was undone';

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
comment on type ml.training_result is 'What ml.train answers: the version it made and how good it is';
