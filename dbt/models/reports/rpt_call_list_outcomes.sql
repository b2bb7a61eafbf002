{#
    What came of the call lists: of each list whose 90 days are over, how many customers left and what
    they had spent, against a list of the same length by revenue and one at random. The newest list
    that is not over yet has a row without numbers.
    There are rows for all countries together and for each one; a chart shows the widest rows its reader
    may see.
#}
{%- set length = var("call_list_length") -%}
with
    customers as (select customer_key, country from {{ ref("dim_customers") }}),

    log as (
        select
            log.as_of,
            log.is_test,
            log.model_version,
            log.customer_key,
            log.churn_probability,
            log.yearly_revenue,
            log.is_sampled,
            scopes.country,
            scopes.is_everywhere,
            row_number() over (list_day order by log.loss_rank) as loss_rank,
            row_number() over (list_day order by log.revenue_rank) as revenue_rank
        from {{ ref("call_list_log") }} as log
        inner join customers on customers.customer_key = log.customer_key
        cross join
            lateral(values ('Everywhere', true), (customers.country, false)) as scopes(
                country, is_everywhere
            )
        window
            list_day as (
                partition by
                    log.as_of, log.is_test, log.model_version, scopes.country, scopes.is_everywhere
            )
    ),

    outcomes as (select * from {{ ref("pred_churn__outcomes") }}),

    known as (
        select log.*, (outcomes.truth = 'churned')::integer as churned
        from log
        inner join
            outcomes
            on outcomes.key = log.customer_key::text
            and outcomes.period = to_char(log.as_of, 'YYYY-MM-DD')
    ),

    -- All customers of the day: what a random list would hold.
    everybody as (
        select
            country,
            is_everywhere,
            as_of,
            is_test,
            model_version,
            count(*) as customers,
            avg(churned)::float8 as share,
            avg(churned * yearly_revenue) as revenue,
            coalesce(stddev_samp(churned * yearly_revenue), 0) as revenue_deviation
        from known
        where is_sampled
        group by country, is_everywhere, as_of, is_test, model_version
    ),

    lists as (
        select
            known.country,
            known.is_everywhere,
            known.as_of,
            known.is_test,
            known.model_version,
            lists.list,
            count(*) as customers,
            sum(known.churned) as churned,
            sum(known.churn_probability) filter (where lists.list = 'model') as expected,
            sum(known.churned * known.yearly_revenue) as revenue,
            null::float8 as share_error,
            sqrt(count(*))
            * coalesce(stddev_samp(known.churned * known.yearly_revenue), 0) as revenue_error
        from known
        cross join
            lateral(values ('model', known.loss_rank), ('revenue', known.revenue_rank)) as lists(
                list, rank
            )
        where lists.rank <= {{ length }}
        group by
            known.country,
            known.is_everywhere,
            known.as_of,
            known.is_test,
            known.model_version,
            lists.list
        union all
        -- The mean of all random lists, and the standard errors of one of them.
        select
            everybody.country,
            everybody.is_everywhere,
            everybody.as_of,
            everybody.is_test,
            everybody.model_version,
            'random',
            drawn.customers,
            drawn.customers * everybody.share,
            null,
            drawn.customers * everybody.revenue,
            sqrt(everybody.share * (1 - everybody.share) * drawn.left_out / drawn.customers),
            everybody.revenue_deviation * sqrt(drawn.customers * drawn.left_out)
        from everybody
        cross join
            lateral(
                select
                    least({{ length }}, everybody.customers) as customers,
                    greatest(0, 1 - {{ length }}::float8 / everybody.customers) as left_out
            ) as drawn
    ),

    waiting as (
        select country, is_everywhere, as_of, is_test, model_version, count(*) as customers
        from log
        where
            loss_rank <= {{ length }}
            and as_of = (select max(as_of) from log where not is_test)
            and not is_test
            and as_of not in (select as_of from known where not is_test)
        group by country, is_everywhere, as_of, is_test, model_version
    ),

    rows as (
        select *
        from lists
        union all
        select
            country,
            is_everywhere,
            as_of,
            is_test,
            model_version,
            'model',
            customers,
            null,
            null,
            null,
            null,
            null
        from waiting
    ),

    -- The Wilson interval of a share, of a random list its normal approximation; 1.96 standard
    -- errors
    -- of a sum.
    measured as (
        select
            *,
            churned / customers::float8 as share,
            case
                when share_error is null
                then (churned + 1.92) / (customers + 3.84)
                else churned / customers::float8
            end as middle,
            1.96 * coalesce(
                share_error,
                sqrt(churned * (customers - churned) / customers::float8 + 0.96)
                / (customers + 3.84)
            ) as half_width,
            case
                when revenue is not null then greatest(0, revenue - 1.96 * revenue_error)
            end as revenue_lower,
            revenue + 1.96 * revenue_error as revenue_upper
        from rows
    ),

    compared as (
        select
            measured.*,
            max(measured.revenue_upper) over list_day as revenue_scale,
            dense_rank() over (
                partition by measured.country, measured.is_everywhere
                order by
                    (measured.churned is null)::integer,
                    measured.is_test::integer,
                    measured.as_of desc,
                    measured.model_version desc
            ) as newest_rank,
            max(measured.churned) filter (where measured.list = 'random') over list_day
            as random_churned,
            max(measured.revenue) filter (where measured.list = 'random') over list_day
            as random_revenue,
            max(measured.revenue) filter (where measured.list = 'revenue') over list_day
            as rule_revenue
        from measured
        window
            list_day as (
                partition by
                    measured.country,
                    measured.is_everywhere,
                    measured.as_of,
                    measured.is_test,
                    measured.model_version
            )
    )

select
    -- ids
    country,
    as_of,
    model_version,
    list,

    -- text
    case
        when is_test
        then 'Test of version ' || model_version || ', as of ' || to_char(as_of, 'FMDD Mon YYYY')
        else 'List of ' || to_char(as_of, 'FMDD Mon YYYY')
    end as list_label,
    case
        list
        when 'model'
        then 'Call list: most revenue at risk'
        when 'revenue'
        then 'Simple rule: highest revenue'
        else 'Chosen at random'
    end as selection_label,
    case list when 'model' then 'model' else 'rule' end as colour,
    coalesce(
        {{ counted("round(churned::numeric)") }} || ' of ' || {{ counted("customers") }} || ' left',
        'known on ' || to_char(as_of + 90, 'FMDD Mon YYYY')
    ) as share_text,
    coalesce({{ percent("share") }}, '') as percent_text,
    coalesce({{ counted("round(expected::numeric)") }}, '') as expected_text,
    coalesce({{ counted("round(revenue::numeric)") }} || ' €', '') as revenue_text,
    case
        when churned is null
        then
            'The outcome of the first list is known on '
            || to_char(as_of + 90, 'FMDD Mon YYYY')
            || '.'
        when list = 'model'
        then
            'Of the '
            || {{ counted("customers") }}
            || ' customers on the list, '
            || {{ counted("churned") }}
            || ' left; the model expected '
            || {{ counted("round(expected::numeric)") }}
            || '.'
    end as headline,
    case
        when list = 'model' and churned is not null
        then
            'They bought nothing in the 90 days after '
            || to_char(as_of, 'FMDD Mon YYYY')
            || ' and had spent '
            || {{ counted("round(revenue::numeric)") }}
            || ' € in the year before. Those who left of as many customers with the highest revenue had spent '
            || {{ counted("round(rule_revenue::numeric)") }}
            || ' €, those of as many random customers '
            || {{ counted("round(random_revenue::numeric)") }}
            || ' €.'
    end as summary,

    -- numbers
    customers,
    churned,
    expected,
    share,
    case when churned is not null then greatest(0, middle - half_width) end as share_lower,
    case when churned is not null then least(1, middle + half_width) end as share_upper,
    revenue,
    revenue_lower,
    revenue_upper,
    coalesce({{ track_position("share", "0", "1") }}, 0) as share_pct,
    coalesce({{ track_position("middle - half_width", "0", "1") }}, 0) as share_lower_pct,
    coalesce({{ track_position("middle + half_width", "0", "1") }}, 0) as share_upper_pct,
    coalesce({{ track_position("revenue", "0", "revenue_scale") }}, 0) as revenue_pct,
    coalesce({{ track_position("revenue_lower", "0", "revenue_scale") }}, 0) as revenue_lower_pct,
    coalesce({{ track_position("revenue_upper", "0", "revenue_scale") }}, 0) as revenue_upper_pct,
    newest_rank,
    case list when 'model' then 1 when 'revenue' then 2 else 3 end as list_order,

    -- booleans
    is_everywhere,
    is_test,
    churned is not null as is_known
from compared
