-- Reports leave these versions out, so that one malformed row does not stop all reports. The engine
-- writes no such row; a row that was written or deleted by hand may be one. The rows are judged when
-- they are written, because every chart about models asks for the result.

create or replace function ml.judge_version()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    select min(checks.problem) into new.problem
    from (select new.*) as versions
    cross join lateral (
        values
        (length(model) not between 1 and 200 or model ~ '[[:cntrl:]]', 'its name is empty, too long or has a control character'),
        (
            task not in ('classification', 'regression', 'multilabel', 'clustering', 'decomposition', 'outliers', 'forecast'),
            format('its task is %L', left(task, 40))
        ),
        (not isfinite(trained_at), 'the time of its training is not a date'),
        (rows_train <= 0, 'it has no training rows'),
        (
            not features @? '$[0]'
            or features @? '$[*] ? (!(@.name.type() == "string" && @.kind.type() == "string"
                && @.rows.type() == "number" && @.missing.type() == "number"))'
            or features @? '$[*].keyvalue() ? (@.value.type() != "number" && @.value.type() != "null"
                && @.key like_regex "^(rows|missing|distinct|min|max|mean|median|sd|univariate_.*)$")'
            or features @? '$[*].keyvalue() ? (@.key like_regex "^(rows|missing|distinct)$"
                && (@.value.floor() != @.value || @.value > 1000000000000))',
            'its features are malformed'
        ),
        (
            task in ('classification', 'multilabel', 'clustering') and coalesce(not classes @? '$[0]', true)
            or classes @? '$[*] ? (!(@.class.type() == "string"
                && @.train.type() == "number" && @.test.type() == "number"))'
            or classes @? '$[*].keyvalue() ? (@.key like_regex "^(train|test)$"
                && (@.value.floor() != @.value || @.value < 0 || @.value > 1000000000000))'
            or positive_class is not null
            and not classes @> jsonb_build_array(jsonb_build_object('class', positive_class)),
            'its classes are malformed'
        ),
        (
            jsonb_typeof(excluded) <> 'array'
            or excluded @? '$[*] ? (!(@.name.type() == "string" && @.reason.type() == "string"))',
            'its list of excluded columns is malformed'
        ),
        (
            not comparison @? '$ ? (@.champion.type() == "number" && (exists(@.not_comparable)
                || @.score.type() == "number" && @.champion_score.type() == "number"))',
            'its comparison with the champion is malformed'
        ),
        (jsonb_typeof(rejection) <> 'object', 'the reason of its rejection is malformed')
    ) as checks (is_broken, problem)
    where checks.is_broken;
    return new;
end
$$;
comment on function ml.judge_version() is 'Internal: says what is malformed in a row of ml.model_versions';

create or replace trigger judge_version before insert or update on ml.model_versions
for each row execute function ml.judge_version();
-- The rules may have changed.
update ml.model_versions set problem = problem;

create or replace view ml.malformed_versions as
select model, version, status, problem
from (
    select
        versions.model,
        versions.version,
        versions.status,
        coalesce(
            versions.problem,
            case when versions.status = 'champion' and not exists (
                select from ml.artifacts
                where artifacts.model = versions.model and artifacts.version = versions.version
            ) then 'it is the champion and has no artifact' end
        ) as problem
    from ml.model_versions as versions
) as versions
where problem is not null;

comment on view ml.malformed_versions is 'Versions that the reports leave out, because their rows are malformed';
comment on column ml.malformed_versions.model is 'Name of the model';
comment on column ml.malformed_versions.version is 'Number of the version';
comment on column ml.malformed_versions.status is 'Status of the version: candidate, champion, archived or rejected';
comment on column ml.malformed_versions.problem is 'What is malformed: the first problem by name';
