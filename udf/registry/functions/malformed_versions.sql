-- Reports leave these versions out, so that one malformed row does not stop all reports. The engine
-- writes no such row; a row that was written or deleted by hand may be one.

create or replace view ml.malformed_versions as
select versions.model, versions.version, versions.status, problems.problem
from ml.model_versions as versions
cross join lateral (
    select min(checks.problem) as problem
    from (
        values
        (length(model) not between 1 and 200 or model ~ '[[:cntrl:]]', 'its name is empty, too long or has a control character'),
        (
            task not in ('classification', 'regression', 'clustering', 'decomposition', 'outliers', 'forecast'),
            format('its task is %L', left(task, 40))
        ),
        (not isfinite(trained_at), 'the time of its training is not a date'),
        (rows_train <= 0, 'it has no training rows'),
        (
            status = 'champion' and not exists (
                select from ml.artifacts
                where artifacts.model = versions.model and artifacts.version = versions.version
            ),
            'it is the champion and has no artifact'
        ),
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
            task in ('classification', 'clustering') and coalesce(not classes @? '$[0]', true)
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
    where checks.is_broken
) as problems
where problems.problem is not null;

comment on view ml.malformed_versions is 'Versions that the reports leave out, because their rows are malformed';
comment on column ml.malformed_versions.model is 'Name of the model';
comment on column ml.malformed_versions.version is 'Number of the version';
comment on column ml.malformed_versions.status is 'Status of the version: candidate, champion, archived or rejected';
comment on column ml.malformed_versions.problem is 'What is malformed: the first problem by name';
