-- Promotion after the tests: a candidate has a list of tests to pass. The first failure rejects it,
-- the last pass makes it champion.

do $$
begin
    if exists (
        select from pg_constraint
        where conrelid = 'ml.model_versions'::regclass and conname = 'model_versions_status_check'
            and pg_get_constraintdef(oid) like '%challenger%'
    ) then
        alter table ml.model_versions drop constraint model_versions_status_check;
        alter table ml.model_versions add column rejection jsonb;
        -- A challenger that was compared with the champion had lost; any other was never to be promoted.
        update ml.model_versions set
            status = case comparison ->> 'better' when 'false' then 'rejected' else 'candidate' end,
            rejection = case comparison ->> 'better' when 'false' then jsonb_build_object(
                'test', 'if_better', 'subject', metric, 'value', comparison -> 'score',
                'limit', comparison -> 'champion_score'
            ) end
        where status = 'challenger';
        alter table ml.model_versions add constraint model_versions_status_check
        check (status in ('candidate', 'champion', 'archived', 'rejected'));
        alter table ml.promotions drop constraint promotions_how_check;
        alter table ml.promotions add constraint promotions_how_check
        check (how in ('train', 'tests', 'promote'));
        alter table ml.metrics add column higher_is_better boolean;
        update ml.metrics set higher_is_better = metric not in (
            'log_loss', 'brier', 'cost', 'rmse', 'mae', 'median_absolute_error', 'mape', 'wape',
            'pinball_10', 'pinball_90', 'rmsle', 'davies_bouldin', 'reconstruction_error'
        );
    end if;
end
$$;

comment on column ml.model_versions.status is 'candidate: trained, not promoted yet; champion: the version ml.predict uses; archived: an earlier champion, or a candidate that a newer one replaced; rejected: it failed a test or lost against the champion';
comment on column ml.model_versions.rejection is 'Of a rejected version: the test it failed (if_better: the comparison with the champion), and the subject (metric or feature), value and limit of the first failure';
comment on column ml.promotions.how is 'train: by ml.train; tests: after its last test had passed; promote: by ml.promote';
comment on column ml.metrics.higher_is_better is 'Whether a larger value is better';

create table if not exists ml.test_results (
    model text not null,
    version integer not null,
    test text not null,
    definition text not null,
    status text not null default 'pending' check (status in ('pending', 'pass', 'warn', 'fail')),
    failures bigint,
    subject text,
    value text,
    "limit" text,
    tested_at timestamptz,
    primary key (model, version, test),
    foreign key (model, version) references ml.model_versions on delete cascade
);

comment on table ml.test_results is 'The tests that a candidate has to pass before it becomes champion, and their results';
comment on column ml.test_results.model is 'Name of the model';
comment on column ml.test_results.version is 'Version of the model';
comment on column ml.test_results.test is 'Name of the test; for a dbt test its unique id';
comment on column ml.test_results.definition is 'Hash of what the test checks; a changed test gives a rejected version another try';
comment on column ml.test_results.status is 'pending, pass, warn (failed with severity warn) or fail';
comment on column ml.test_results.failures is 'Number of rows the test returned';
comment on column ml.test_results.subject is 'What failed first: a metric, a feature or a column';
comment on column ml.test_results.value is 'Its value';
comment on column ml.test_results."limit" is 'The limit that the value missed';
comment on column ml.test_results.tested_at is 'When the test ran';

create or replace function ml.expect_tests(name text, number integer, tests jsonb)
returns table (judged_version integer, message text)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    trained ml.model_versions := ml.hold_version('expect_tests', name, number);
    champion integer := (select version from ml.model_versions where model = name and status = 'champion');
    is_changed boolean;
begin
    if tests is not null and trained.status = 'rejected' and trained.rejection ->> 'test' <> 'if_better' then
        select tests <> coalesce(jsonb_object_agg(test, definition), '{}') into is_changed
        from ml.test_results where model = name and version = number;
        -- Without a champion nothing can be predicted, so the version gets another try with each build.
        if is_changed or champion is null then
            update ml.model_versions set status = 'candidate', rejection = null
            where model = name and version = number;
            trained.status := 'candidate';
        end if;
    end if;

    if tests is null or trained.status <> 'candidate' then
        judged_version := coalesce(champion, number);
        if judged_version <> number then
            message := format(
                'Version %s is %s%s; the tests judge version %s, the champion',
                number, trained.status, ' (' || ml.rejection_text(trained.rejection) || ')', champion
            );
        end if;
        return next;
        return;
    end if;

    -- A build that was killed between training and tests leaves its candidate behind.
    update ml.model_versions set status = 'archived'
    where model = name and version < number and status = 'candidate' and options @> '{"await_tests": true}';
    delete from ml.test_results where model = name and version = number;
    insert into ml.test_results (model, version, test, definition)
    select name, number, key, value from jsonb_each_text(tests);
    if tests = '{}' then
        perform ml.set_champion(name, number, 'tests');
        message := format('Version %s has no tests: it is champion now', number);
    end if;
    judged_version := number;
    return next;
end
$$;
alter function ml.expect_tests(text, integer, jsonb) owner to ml_registry;
comment on function ml.expect_tests(text, integer, jsonb)
is 'Internal: names the tests (test → hash of its definition) that a candidate has to pass; without any it becomes champion. Returns the version that the tests judge: the candidate, else the champion';

create or replace function ml.record_test(name text, number integer, result jsonb)
returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    -- The lock lets one test at a time decide, so the last of several that run together sees all.
    candidate ml.model_versions := ml.hold_version('record_test', name, number);
    champion integer := (select version from ml.model_versions where model = name and status = 'champion');
    facts jsonb;
begin
    if candidate.status not in ('candidate', 'rejected') then
        return null;
    end if;
    update ml.test_results set
        status = result ->> 'status', failures = (result ->> 'failures')::bigint,
        subject = result ->> 'subject', value = result ->> 'value', "limit" = result ->> 'limit',
        tested_at = clock_timestamp()
    where model = name and version = number and test = result ->> 'test';
    if not found or candidate.status = 'rejected' then
        return null;
    end if;
    if result ->> 'status' = 'fail' then
        facts := jsonb_build_object('test', coalesce(result -> 'name', result -> 'test')) || jsonb_build_object(
            'subject', result -> 'subject', 'value', result -> 'value', 'limit', result -> 'limit'
        );
        update ml.model_versions set status = 'rejected', rejection = facts
        where model = name and version = number;
        return format(
            'Version %s is rejected (%s); %s', number, ml.rejection_text(facts),
            coalesce('version ' || champion || ' stays champion', 'there is no champion')
        );
    end if;
    if exists (
        select from ml.test_results
        where model = name and version = number and status not in ('pass', 'warn')
    ) then
        return null;
    end if;
    perform ml.set_champion(name, number, 'tests');
    return format('Version %s has passed its tests: it is champion now', number);
end
$$;
alter function ml.record_test(text, integer, jsonb) owner to ml_registry;
comment on function ml.record_test(text, integer, jsonb)
is 'Internal: records the result of a test of a candidate. The first failure rejects the version, the last pass makes it champion; returns what was decided';

create or replace function ml.rejection_text(rejection jsonb)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        '%s: %s is %s, limit %s', rejection ->> 'test', coalesce(rejection ->> 'subject', 'number of failures'),
        rejection ->> 'value', rejection ->> 'limit'
    )
    where rejection is not null
$$;
comment on function ml.rejection_text(jsonb) is 'Internal: why a version was rejected, in a line';

revoke all on function
    ml.expect_tests(text, integer, jsonb), ml.record_test(text, integer, jsonb), ml.rejection_text(jsonb)
from public;
grant execute on function ml.rejection_text(jsonb) to ml_registry, transformer;
grant execute on function ml.expect_tests(text, integer, jsonb), ml.record_test(text, integer, jsonb)
to transformer;
