-- The engine's own schema: the registry of trained models and the few SQL helpers around it.
-- The superuser applies this file before each build; it changes nothing that is already right.
-- Functions that train and predict are dbt function nodes (udf/functions), not part of this file.

set client_min_messages = warning;

create extension if not exists plpython3u;

do $$
begin
    -- Owns the single door into the registry and nothing else; nobody can log in as it.
    if not exists (select from pg_roles where rolname = 'ml_registry') then
        create role ml_registry nologin;
    end if;
    -- Reads its sources and calls ml.*; `make up` gives it a password.
    if not exists (select from pg_roles where rolname = 'transformer') then
        create role transformer login;
    end if;
end
$$;

create schema if not exists ml;
revoke all on schema ml from public;
comment on schema ml is 'Machine learning inside the database: functions and the registry of trained models';

-- ------------------------------------------------------------------ tables

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

alter table ml.model_versions add column if not exists comparison jsonb;
alter table ml.model_versions add column if not exists baseline_answer double precision;

-- A registry from before these tables: every champion was made by its training, in turn.
insert into ml.models
select model, max(version) from ml.model_versions group by model
on conflict (model) do nothing;

insert into ml.promotions (model, promotion, version, how, promoted_by, promoted_at)
select model, row_number() over (partition by model order by version), version, 'train', trained_by, trained_at
from ml.model_versions
where status in ('champion', 'archived') and model not in (select model from ml.promotions);

-- ------------------------------------------------------- what a column means

comment on table ml.model_versions is 'One row per trained version of a model: what it is, what it was made from and how good it is';
comment on column ml.model_versions.model is 'Name of the model';
comment on column ml.model_versions.version is 'Counts up from 1 for each model';
comment on column ml.model_versions.status is 'champion: the version ml.predict uses; challenger: trained but not promoted; archived: an earlier champion';
comment on column ml.model_versions.task is 'What kind of question the model answers, such as classification';
comment on column ml.model_versions.target is 'Column the model predicts; NULL for a clustering';
comment on column ml.model_versions.key is 'Column that names a row; never a feature';
comment on column ml.model_versions.algorithm is 'The candidate that won the cross-validation';
comment on column ml.model_versions.params is 'Its parameters as they were asked for; ml.algorithms() shows the defaults';
comment on column ml.model_versions.metric is 'Measure by which the candidates were compared';
comment on column ml.model_versions.score is 'That measure on the test rows';
comment on column ml.model_versions.lower is 'Lower end of the 95 % interval of the score: Wilson for a share of rows, else bootstrap';
comment on column ml.model_versions.upper is 'Upper end of the 95 % interval of the score: Wilson for a share of rows, else bootstrap';
comment on column ml.model_versions.baseline is 'The same measure on the same rows for the baseline that ignores every feature; NULL for a clustering';
comment on column ml.model_versions.classes is 'Each class with its rows in the train and in the test part; for a clustering each cluster; empty for a regression';
comment on column ml.model_versions.positive_class is 'The class whose probability is the score; NULL unless there are two classes';
comment on column ml.model_versions.features is 'Each feature: name, type, kind and statistics over the rows used (times in days since 1970-01-01); separation, on training rows, says how much a number alone tells: max(AUC, 1 - AUC) with two classes, |Spearman| with a target of numbers, else nothing';
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
comment on column ml.model_versions.baseline_answer is 'For a regression: the number the baseline answers for every row';

comment on table ml.models is 'One row per model: how many versions it ever had';
comment on column ml.models.model is 'Name of the model';
comment on column ml.models.last_version is 'The highest version number ever given, dropped versions included';

comment on table ml.promotions is 'Which version became champion when; the champion of a moment is the last row promoted before it and not yet undone then';
comment on column ml.promotions.model is 'Name of the model';
comment on column ml.promotions.promotion is 'Counts up from 1 for each model';
comment on column ml.promotions.version is 'The version that became champion';
comment on column ml.promotions.how is 'train: by ml.train; promote: by ml.promote';
comment on column ml.promotions.promoted_by is 'Database role that was logged in';
comment on column ml.promotions.promoted_at is 'When it became champion';
comment on column ml.promotions.undone_by is 'Who undid it with ml.rollback; NULL: nobody did';
comment on column ml.promotions.undone_at is 'When it was undone';

comment on table ml.artifacts is 'The trained model itself, in the skops format, which cannot hold code';
comment on column ml.artifacts.model is 'Name of the model';
comment on column ml.artifacts.version is 'Version of the model';
comment on column ml.artifacts.content is 'Bytes of the skops file';
comment on column ml.artifacts.sha256 is 'Checksum of the bytes, computed when they were recorded and checked before they are loaded';

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

comment on table ml.metrics is 'Measures of quality, one row per number';
comment on column ml.metrics.model is 'Name of the model';
comment on column ml.metrics.version is 'Version of the model';
comment on column ml.metrics.series is 'model, or the baseline that ignores every feature';
comment on column ml.metrics.split is 'test: rows never seen in training; train: rows learned from; validation: a fold of the cross-validation';
comment on column ml.metrics.fold is 'Number of the fold, for validation';
comment on column ml.metrics.segment is 'Part of the rows; all for every row';
comment on column ml.metrics.metric is 'Name of the measure';
comment on column ml.metrics.value is 'The measure';
comment on column ml.metrics.lower is 'Lower end of the 95 % interval on test rows: Wilson for a share of rows, else bootstrap';
comment on column ml.metrics.upper is 'Upper end of the 95 % interval on test rows: Wilson for a share of rows, else bootstrap';

comment on table ml.curves is 'Points of the curves drawn from the test rows';
comment on column ml.curves.model is 'Name of the model';
comment on column ml.curves.version is 'Version of the model';
comment on column ml.curves.curve is 'roc, precision_recall, calibration, gain or score_distribution; for a regression predicted_actual, residual_distribution or residual_quantile (a residual is actual - predicted); for a clustering silhouette';
comment on column ml.curves.series is 'Class the curve is about: the positive class, or each class against the rest; each cluster; all for a regression';
comment on column ml.curves.position is 'Order of the points, from 1';
comment on column ml.curves.x is 'roc: false positive rate; precision_recall: recall; calibration: mean predicted probability; gain: share of rows taken, best first; score_distribution: lower edge of the bin of the positive probability (with more than two classes: of the probability of the true class); predicted_actual: mean prediction of a group of equally many rows; residual_distribution: lower edge of the bin; residual_quantile: share of the rows; silhouette: share of the rows of the cluster';
comment on column ml.curves.y is 'roc: true positive rate; precision_recall: precision; calibration: observed share; gain: share of the class reached; score_distribution: share of the rows of the class; predicted_actual: mean of what the rows had; residual_distribution: share of the rows; residual_quantile: the residual below which that share lies; silhouette: how much nearer such a row is to its own cluster than to the next, from -1 to 1';
comment on column ml.curves.threshold is 'Probability from which a row counts as positive at this point';
comment on column ml.curves.lower is 'calibration: lower end of the 95 % Wilson interval; predicted_actual: what a tenth of the rows stay below';
comment on column ml.curves.upper is 'calibration: upper end of the 95 % Wilson interval; predicted_actual: what a tenth of the rows exceed';
comment on column ml.curves.n is 'Rows behind the point';

comment on table ml.confusion is 'Counts of actual against predicted class; every pair is present, zero or not';
comment on column ml.confusion.model is 'Name of the model';
comment on column ml.confusion.version is 'Version of the model';
comment on column ml.confusion.split is 'Part of the rows that was counted';
comment on column ml.confusion.threshold is 'Probability from which a row was called positive; NULL with more than two classes';
comment on column ml.confusion.actual is 'Class the row has';
comment on column ml.confusion.predicted is 'Class the model gave it';
comment on column ml.confusion.n is 'Rows';

comment on table ml.importances is 'How much worse the model gets on test rows when one feature is shuffled';
comment on column ml.importances.model is 'Name of the model';
comment on column ml.importances.version is 'Version of the model';
comment on column ml.importances.feature is 'Feature that was shuffled';
comment on column ml.importances.method is 'How it was measured: permutation';
comment on column ml.importances.metric is 'Measure that got worse; for a clustering same_cluster: the share of rows that stay in their cluster';
comment on column ml.importances.mean is 'Mean loss in that measure; above zero means the model uses the feature to good effect';
comment on column ml.importances.deviation is 'Standard deviation of the loss over the repeats';
comment on column ml.importances.repeats is 'How often the feature was shuffled';
comment on column ml.importances.rank is '1 = the most important feature';

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

-- ------------------------------------------------------------------- types

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

-- --------------------------------------------------------------- functions

-- An array of numbers without NULLs already lies in memory as the bytes numpy wants. Taking them as
-- they are is twice as fast as any documented conversion. The engine compares the result with
-- array_send() once per session and uses that where the two differ.
-- Byte 21 is where the numbers of a one-dimensional array begin.
create or replace function ml.rawbytes(numbers double precision[], first_byte integer)
returns bytea
language internal
immutable strict parallel safe
as 'bytea_substr_no_len';
comment on function ml.rawbytes(double precision[], integer)
is 'Internal: the bytes of an array of numbers without NULLs, as they lie in memory';

-- The functions below write for their callers: internal, and called as ml_registry only.
create or replace function ml.hold_model(verb text, name text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Whoever changes the same model queues here until the other one has committed.
    perform pg_advisory_xact_lock(hashtextextended('glasshouse ' || name, 0));
    if not exists (select from ml.model_versions where model = name) then
        raise exception 'ml.%: There is no model %.', verb, quote_nullable(name)
            using errcode = 'invalid_parameter_value', hint = coalesce(
                'Known: ' || (select string_agg(distinct model, ', ' order by model) from ml.model_versions) || '.',
                'No model was trained yet.'
            );
    end if;
end
$$;
comment on function ml.hold_model(text, text)
is 'Internal: makes others wait who want to change the same model, and refuses a name that is no model';

create or replace function ml.hold_version(verb text, name text, wanted integer)
returns ml.model_versions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    found_version ml.model_versions;
begin
    perform ml.hold_model(verb, name);
    select * into found_version from ml.model_versions where model = name and version = wanted;
    if not found then
        raise exception 'ml.%: Model % has no version %.', verb, quote_nullable(name), coalesce(wanted::text, 'NULL')
            using errcode = 'invalid_parameter_value', hint = format(
                'It has: %s.',
                (select string_agg(version::text, ', ' order by version) from ml.model_versions where model = name)
            );
    end if;
    return found_version;
end
$$;
comment on function ml.hold_version(text, text, integer)
is 'Internal: as ml.hold_model, for one version of a model';

create or replace function ml.champion_before(name text)
returns integer
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select promotions.version
    from ml.promotions
    join ml.model_versions using (model, version)
    join ml.artifacts using (model, version)
    where promotions.model = name and undone_at is null and status <> 'champion'
    order by promotion desc
    limit 1
$$;
comment on function ml.champion_before(text)
is 'Internal: the version that was champion before the present one and can be so again';

create or replace function ml.set_champion(name text, chosen integer, means text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update ml.model_versions set status = 'archived'
    where model = name and status = 'champion' and version <> chosen;
    update ml.model_versions set status = 'champion' where model = name and version = chosen;
    if means = 'rollback' then
        update ml.promotions set undone_by = session_user, undone_at = clock_timestamp()
        where model = name and undone_at is null and promotion > (
            select max(promotion) from ml.promotions
            where model = name and version = chosen and undone_at is null
        );
    else
        insert into ml.promotions (model, promotion, version, how, promoted_by, promoted_at)
        select name, coalesce(max(promotion), 0) + 1, chosen, means, session_user, clock_timestamp()
        from ml.promotions where model = name;
    end if;
end
$$;
comment on function ml.set_champion(text, integer, text)
is 'Internal: makes a version champion, archives the one before and keeps the record of it';

create or replace function ml.retire_versions(name text, keep integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    retired integer[] := array(
        select version from ml.model_versions
        where model = name and status <> 'champion'
        order by version desc offset keep
    );
begin
    -- Without it a rollback would have nowhere to go.
    retired := array_remove(retired, ml.champion_before(name));
    delete from ml.artifacts where model = name and version = any(retired);
    delete from ml.curves where model = name and version = any(retired);
    delete from ml.confusion where model = name and version = any(retired);
    delete from ml.importances where model = name and version = any(retired);
    delete from ml.distributions where model = name and version = any(retired);
end
$$;
comment on function ml.retire_versions(text, integer)
is 'Internal: of all but the newest versions drops the trained model and the drawings; row, metrics and candidates stay';

create or replace function ml.record_version(payload jsonb, artifact bytea)
returns ml.model_versions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    facts jsonb := payload -> 'version';
    name text := facts ->> 'model';
    next_version integer;
    recorded ml.model_versions;
begin
    if jsonb_typeof(facts) is distinct from 'object' or coalesce(name, '') = '' then
        raise exception 'The version to record has no model name'
            using errcode = 'invalid_parameter_value', hint = 'Train with ml.train; it records the version itself.';
    end if;
    if length(name) > 200 then
        raise exception 'The name of a model may have at most 200 characters, this one has %', length(name)
            using errcode = 'invalid_parameter_value', hint = 'Choose a shorter name.';
    end if;
    if artifact is null or length(artifact) = 0 then
        raise exception 'The version of model % to record holds no trained model', quote_ident(name)
            using errcode = 'invalid_parameter_value', hint = 'Train with ml.train; it records the version itself.';
    end if;

    -- Two sessions that train the same model queue here until the other one has committed.
    perform pg_advisory_xact_lock(hashtextextended('glasshouse ' || name, 0));

    insert into ml.models as known (model, last_version) values (name, 1)
    on conflict (model) do update set last_version = known.last_version + 1
    returning last_version into next_version;

    facts := facts || jsonb_build_object(
        'version', next_version,
        -- Whoever is to be champion becomes so below, when everything about it is written.
        'status', 'challenger',
        -- The caller's own word would not do: it could name someone else.
        'trained_by', session_user,
        'trained_at', clock_timestamp()
    );
    insert into ml.model_versions
    select * from jsonb_populate_record(null::ml.model_versions, facts);

    insert into ml.artifacts (model, version, content, sha256)
    values (name, next_version, artifact, encode(sha256(artifact), 'hex'));

    insert into ml.candidates
    select name, next_version, candidate, algorithm, params, is_baseline, chosen, metric, score, deviation, fold_scores, seconds
    from jsonb_populate_recordset(null::ml.candidates, payload -> 'candidates');

    insert into ml.metrics
    select name, next_version, series, split, fold, coalesce(segment, 'all'), metric, value, lower, upper
    from jsonb_populate_recordset(null::ml.metrics, payload -> 'metrics');

    insert into ml.curves
    select name, next_version, curve, series, position, x, y, threshold, lower, upper, n
    from jsonb_populate_recordset(null::ml.curves, payload -> 'curves');

    insert into ml.confusion
    select name, next_version, split, threshold, actual, predicted, n
    from jsonb_populate_recordset(null::ml.confusion, payload -> 'confusion');

    insert into ml.importances
    select name, next_version, feature, method, metric, mean, deviation, repeats, rank
    from jsonb_populate_recordset(null::ml.importances, payload -> 'importances');

    insert into ml.distributions
    select name, next_version, feature, kind, bin, lower, upper, category, class, n
    from jsonb_populate_recordset(null::ml.distributions, payload -> 'distributions');

    if payload ->> 'promote' is distinct from 'never' then
        perform ml.set_champion(name, next_version, 'train');
    end if;
    if facts -> 'options' ->> 'keep' is not null then
        perform ml.retire_versions(name, (facts -> 'options' ->> 'keep')::integer);
    end if;

    select * into recorded from ml.model_versions where model = name and version = next_version;
    return recorded;
end
$$;
alter function ml.record_version(jsonb, bytea) owner to ml_registry;
comment on function ml.record_version(jsonb, bytea)
is 'Internal: how ml.train writes the registry. Gives the version its number, makes it champion where asked and retires old ones';

-- ------------------------------------------------------------------ rights

revoke all on all tables in schema ml from public;
revoke all on function ml.rawbytes(double precision[], integer), ml.record_version(jsonb, bytea) from public;
revoke all on function
    ml.hold_model(text, text), ml.hold_version(text, text, integer), ml.champion_before(text),
    ml.set_champion(text, integer, text), ml.retire_versions(text, integer)
from public;

grant usage on schema ml to ml_registry, transformer;
grant select, insert, update, delete on all tables in schema ml to ml_registry;
grant select on all tables in schema ml to transformer;
grant execute on function ml.rawbytes(double precision[], integer), ml.record_version(jsonb, bytea) to transformer;
grant execute on function
    ml.hold_model(text, text), ml.hold_version(text, text, integer), ml.champion_before(text),
    ml.set_champion(text, integer, text), ml.retire_versions(text, integer)
to ml_registry;

reset client_min_messages;
