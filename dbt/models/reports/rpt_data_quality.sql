{#
    Problems of the rows in the newest period of each model, by code. Every model has at least one row:
    where there is no problem, the row says so.
#}
with
    drift as (
        select * from {{ ref("rpt_drift") }} where not is_score and verdict <> 'not measured'
    ),

    newest as (select * from drift where period_age = 1),

    periods as (select distinct model, period_age, rows from drift),

    volumes as (
        select
            model,
            max(rows) filter (where period_age = 1) as rows,
            min(rows) filter (where period_age > 1) as fewest_rows,
            count(*) filter (where period_age > 1) as earlier_periods
        from periods
        group by model
    ),

    -- What was usual: the earlier periods where there are three, else the training rows.
    usual as (
        select
            newest.*,
            coalesce(
                earlier.lowest_missing, newest.missing - newest.missing_change
            ) as lowest_missing,
            coalesce(
                earlier.highest_missing, newest.missing - newest.missing_change
            ) as highest_missing,
            coalesce(earlier.highest_new_share, 0) as highest_new_share,
            coalesce(earlier.highest_outside_range, 0.01) as highest_outside_range
        from newest
        left join
            (
                select
                    model,
                    feature,
                    min(missing) as lowest_missing,
                    max(missing) as highest_missing,
                    max(new_share) as highest_new_share,
                    max(outside_range) as highest_outside_range
                from drift
                where period_age > 1
                group by model, feature
                having count(*) >= 3
            ) as earlier
            on earlier.model = newest.model
            and earlier.feature = newest.feature
    ),

    problems as (
        select
            model,
            'missing_share' as code,
            feature,
            'watch' as state,
            'Missing values' as title,
            feature_label
            || ': '
            || {{ percent("missing") }}
            || ' missing; usual are '
            || {{ percent("lowest_missing") }}
            || ' to '
            || {{ percent("highest_missing") }}
            || '.' as message
        from usual
        where
            greatest(missing - highest_missing, lowest_missing - missing)
            -- Five percentage points, and four standard errors, which chance exceeds in about one
            -- column of 16,000.
            >= greatest(
                0.05, 4 * sqrt(greatest(highest_missing * (1 - highest_missing), 0.01) / rows)
            )
        union all
        select
            model,
            'new_category',
            feature,
            'watch',
            'New categories',
            feature_label
            || ': '
            || {{ percent("new_share") }}
            || ' of the cases have a value that did not occur in training.'
        from usual
        where new_share >= highest_new_share + 0.01
        union all
        select
            model,
            'outside_range',
            feature,
            'watch',
            'Outside the range',
            feature_label
            || ': '
            || {{ percent("outside_range") }}
            || ' of the values lie outside the range of the middle 99 % of the training values.'
        from usual
        where outside_range >= highest_outside_range + 0.04 and verdict <> 'ages'
        union all
        select
            model,
            'volume',
            null,
            'watch',
            'Few cases',
            {{ counted("rows") }}
            || ' cases; no earlier period had fewer than '
            || {{ counted("fewest_rows") }}
            || '.'
        from volumes
        where earlier_periods >= 3 and 2 * rows < fewest_rows
    ),

    all_rows as (
        select *
        from problems
        union all
        select
            model,
            'none',
            null,
            'good',
            'No problem',
            'Missing values, new categories, ranges and the number of cases are as in training.'
        from {{ ref("rpt_drift_summary") }}
        where model not in (select model from problems)
        union all
        select
            model,
            'not_measured',
            null,
            'plain',
            'Not measured',
            'The next build measures every model whose meta names rows to watch.'
        from {{ ref("rpt_model_overview") }}
        where model not in (select model from {{ ref("rpt_drift_summary") }})
    )

select
    *,
    {{ model_label("model") }} as model_label,
    row_number() over (partition by model order by code, feature) as sort_order
from all_rows
