{{ config(materialized="view") }}

{# The key figures of the page "Start here": data, training, tests and models. #}
with
    tables as (select * from {{ ref("rpt_tables") }}),

    models as (select * from {{ ref("rpt_model_overview") }}),

    tests as (select * from {{ ref("rpt_test_results") }}),

    facts as (
        select
            (select max(newest_at) from tables) as newest_at,
            (select sum(rows) from tables where layer_order = 1) as rows,
            (
                select case when bool_or(value_text like 'about %') then 'about ' else '' end
                from tables
                where layer_order = 1
            ) as about,
            (select count(*) from tables where layer_order = 1) as tables,
            (select max(trained_at) from models) as trained_at,
            (select count(*) from models) as models,
            (select count(*) from models where beats_baseline) as better,
            (select count(*) from models where beats_baseline is not null) as comparable,
            (select count(*) from tests where result = 'passed') as passed,
            (select count(*) from tests where result = 'failed') as failed,
            (select count(*) from tests) as tests,
            (select max(tested_at) from tests) as tested_at
    )

select figures.*
from facts
cross join
    lateral(
        values
            (
                1,
                'Data as of',
                coalesce(to_char(newest_at, 'FMDD FMMonth YYYY'), 'loaded once'),
                about || {{ counted("rows") }} || ' rows in ' || tables || ' source tables',
                '',
                'plain'
            ),
            (
                2,
                'Last trained',
                coalesce(to_char(trained_at, 'FMDD FMMonth YYYY'), 'not yet'),
                coalesce('at ' || to_char(trained_at, 'HH24:MI'), 'make build trains the models'),
                '',
                'plain'
            ),
            (
                3,
                'Tests passed',
                coalesce({{ counted("passed") }} || ' of ' || {{ counted("tests") }}, 'none yet'),
                coalesce('on data and models, ' || to_char(tested_at, 'FMDD FMMonth, HH24:MI'), ''),
                case when failed > 0 then failed || ' failed' else 'all passed' end,
                case when failed > 0 then 'act' else 'good' end
            ),
            (
                4,
                'Models in use',
                models::text,
                better || ' of ' || comparable || ' beat the simple rule',
                case
                    when better = comparable
                    then 'all better'
                    else comparable - better || ' no better'
                end,
                case when better = comparable then 'good' else 'watch' end
            )
    ) as figures(sort_order, label, value_text, note, verdict, state)
