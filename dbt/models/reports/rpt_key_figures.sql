with
    overview as (select * from {{ ref("rpt_model_overview") }}),

    figures as (
        -- what the data looks like
        select
            model,
            model_label,
            'data' as tab,
            1 as sort_order,
            'Cases' as label,
            {{ counted("rows_total") }} as shown,
            {{ counted("rows_train") }}
            || ' to learn from, '
            || {{ counted("rows_test") }}
            || ' to test' as note,
            '' as verdict,
            'plain' as state
        from overview

        union all

        select
            model,
            model_label,
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
        from overview

        union all

        select
            model,
            model_label,
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
        from overview

        union all

        select
            model,
            model_label,
            'data',
            4,
            coalesce(positive_label, 'Largest class'),
            coalesce({{ percent("positive_share") }}, {{ percent("largest_share") }}),
            coalesce(
                {{ counted("positive_total") }}
                || ' of '
                || {{ counted("rows_total") }}
                || ' cases',
                'share of all cases'
            ),
            case
                when coalesce(positive_share, largest_share) between 0.2 and 0.8
                then 'balanced enough'
                else 'rare'
            end,
            case
                when coalesce(positive_share, largest_share) between 0.2 and 0.8
                then 'good'
                else 'watch'
            end
        from overview

        -- what the model learned
        union all

        select
            model,
            model_label,
            'drivers',
            1,
            'Kind of model',
            algorithm_label,
            'won the comparison of candidates',
            '',
            'plain'
        from overview

        union all

        select
            model,
            model_label,
            'drivers',
            2,
            'Clearly used',
            clearly_used || ' of ' || features_total,
            'measurements it would miss if shuffled',
            '',
            'plain'
        from overview

        union all

        select
            model,
            model_label,
            'drivers',
            3,
            'Largest loss from one',
            to_char(first_importance::numeric, 'FM990.000'),
            'of ' || metric_label,
            '',
            'plain'
        from overview

        union all

        select
            model,
            model_label,
            'drivers',
            4,
            'Learned from',
            {{ counted("rows_train") }},
            'cases, in ' || {{ short_number("seconds") }} || ' seconds',
            '',
            'plain'
        from overview

        -- how good it is
        union all

        select
            metrics.model,
            metrics.model_label,
            'quality',
            row_number() over (partition by metrics.model order by metrics.sort_order)::integer,
            metrics.label,
            metrics.shown,
            '95 % interval '
            || metrics.shown_interval
            || ' · simple rule '
            || metrics.shown_baseline,
            metrics.verdict,
            metrics.state
        from {{ ref("rpt_model_metrics") }} as metrics
        where metrics.is_headline
    )

select *
from figures
