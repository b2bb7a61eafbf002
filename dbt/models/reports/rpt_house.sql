{{ config(materialized="view") }}

{# The state of the house in one row of figures: the strip on the page "Start here". #}
with
    tables as (select * from {{ ref("rpt_tables") }}),

    models as (select * from {{ ref("rpt_model_overview") }}),

    tests as (select * from {{ ref("rpt_test_results") }}),

    facts as (
        select
            (select max(newest_at) from tables) as newest_at,
            (select sum(rows) from tables where layer_order = 1) as rows,
            (
                select case when bool_or(shown like 'about %') then 'about ' else '' end
                from tables
                where layer_order = 1
            ) as about,
            (select count(*) from tables where layer_order = 1) as tables,
            (select max(trained_at) from models) as trained_at,
            (select count(*) from models) as models,
            (select count(*) from models where beats_baseline) as better,
            (select count(*) from models where task <> 'clustering') as comparable,
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
                about || {{ counted("rows") }} || ' rows in ' || tables || ' tables as they come',
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
                case when failed > 0 then failed || ' failed' else 'all is well' end,
                case when failed > 0 then 'act' else 'good' end
            ),
            (
                4,
                'Models in use',
                models::text,
                better || ' of ' || comparable || ' that can be compared',
                case
                    when better = comparable
                    then 'clearly better than the simple rule'
                    else comparable - better || ' no better than the simple rule'
                end,
                case when better = comparable then 'good' else 'watch' end
            )
    ) as figures(sort_order, label, shown, note, verdict, state)
