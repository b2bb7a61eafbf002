-- Promotion after the tests: the first failure rejects a candidate, the last pass makes it champion.

create or replace function ml.expect_tests(name text, number integer, tests jsonb)
returns table (judged_version integer, message text)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    trained ml.model_versions := ml.lock_version('expect_tests', name, number);
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
    candidate ml.model_versions := ml.lock_version('record_test', name, number);
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
