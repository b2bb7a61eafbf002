{#
    What changed, in two sentences for each month and comparison: how much the revenue changed, and
    the parts of the sales to which this is due.
#}
with
    drivers as (select * from {{ ref("rpt_revenue_drivers") }}),

    totals as (select * from drivers where dimensions_used = 0),

    largest as (
        select month, comparison, slice_label, dimension_label, difference
        from drivers
        where dimensions_used = 1 and difference_rank = 1
    ),

    unexpected as (
        select distinct
            on (month, comparison) month,
            comparison,
            slice_label,
            dimension_label,
            unexpected_difference
        from drivers
        where is_unexpected
        order by month, comparison, abs(unexpected_difference) desc, slice
    )

select
    -- ids
    totals.month,
    totals.comparison,

    -- text
    totals.month_label,
    'Revenue in '
    || to_char(totals.month, 'FMMonth YYYY')
    || ' was '
    || {{ counted("round(totals.revenue::numeric)") }}
    || ' €'
    || case
        when totals.revenue_before > 0
        then
            ', '
            || {{ percent("abs(totals.difference) / totals.revenue_before") }}
            || case when totals.difference < 0 then ' less' else ' more' end
            || ' than in '
            || totals.month_before_label
            || '.'
        else '.'
    end as headline,
    coalesce(
        'The largest change of a single country, channel or product line: '
        || largest.slice_label
        || ' ('
        || lower(largest.dimension_label)
        || ', '
        || {{ signed_euros("largest.difference") }}
        || '). ',
        ''
    ) || coalesce(
        'The part that differs most from the rest: '
        || unexpected.slice_label
        || ' ('
        || lower(unexpected.dimension_label)
        || ', '
        || {{ signed_euros("unexpected.unexpected_difference") }}
        || ' compared with what it would be if it had changed as all other sales did).',
        'No part of the sales differs from the rest by more than chance.'
    ) as explanation,

    -- numbers
    totals.revenue,
    totals.revenue_before,
    totals.difference
from totals
left join largest on largest.month = totals.month and largest.comparison = totals.comparison
left join
    unexpected on unexpected.month = totals.month and unexpected.comparison = totals.comparison
