with
    overview as (
        select *, coalesce(positive_share, largest_share) as class_share
        from {{ ref("rpt_model_overview") }}
    ),

    -- what the data looks like, and what the model learned: one line a figure
    described as (
        select overview.model, overview.model_label, figures.*
        from overview
        cross join
            lateral(
                values
                    (
                        'data',
                        1,
                        'Cases',
                        {{ counted("rows_total") }},
                        {{ counted("rows_train") }}
                        || ' to learn from, '
                        || {{ counted("rows_test") }}
                        || ' to test',
                        '',
                        'plain'
                    ),
                    (
                        'data',
                        2,
                        'Measurements per case',
                        features_total::text,
                        case
                            features_excluded
                            when 0
                            then 'all of them are of use'
                            else features_excluded || ' more left out as of no use'
                        end,
                        '',
                        'plain'
                    ),
                    (
                        'data',
                        3,
                        'Missing values',
                        {{ small_share("missing_share") }},
                        {{ counted("values_missing") }}
                        || ' of '
                        || {{ counted("rows_total * features_total") }}
                        || ' values',
                        case
                            when missing_share = 0
                            then 'complete'
                            when missing_share < 0.05
                            then 'few gaps'
                            else 'many gaps'
                        end,
                        case when missing_share < 0.05 then 'good' else 'watch' end
                    ),
                    (
                        'data',
                        4,
                        coalesce(positive_label, 'Largest class'),
                        {{ percent("class_share") }},
                        coalesce(
                            {{ counted("positive_total") }}
                            || ' of '
                            || {{ counted("rows_total") }}
                            || ' cases',
                            'share of all cases'
                        ),
                        case
                            when class_share between 0.2 and 0.8 then 'balanced enough' else 'rare'
                        end,
                        case when class_share between 0.2 and 0.8 then 'good' else 'watch' end
                    ),
                    (
                        'drivers',
                        1,
                        'Kind of model',
                        algorithm_label,
                        'won the comparison of candidates',
                        '',
                        'plain'
                    ),
                    (
                        'drivers',
                        2,
                        'Clearly used',
                        clearly_used || ' of ' || features_total,
                        'measurements it would miss if shuffled',
                        '',
                        'plain'
                    ),
                    (
                        'drivers',
                        3,
                        'Largest loss from one',
                        to_char(first_importance::numeric, 'FM990.000'),
                        'of ' || metric_label,
                        '',
                        'plain'
                    ),
                    (
                        'drivers',
                        4,
                        'Learned from',
                        {{ counted("rows_train") }},
                        'cases, in ' || {{ short_number("seconds") }} || ' seconds',
                        '',
                        'plain'
                    )
            ) as figures(tab, sort_order, label, shown, note, verdict, state)
    ),

    -- how good it is
    measured as (
        select
            model,
            model_label,
            'quality' as tab,
            row_number() over (partition by model order by sort_order)::integer as sort_order,
            label,
            shown,
            '95 % interval ' || shown_interval || ' · simple rule ' || shown_baseline as note,
            verdict,
            state
        from {{ ref("rpt_model_metrics") }}
        where is_headline
    )

select *
from described
union all
select *
from measured
