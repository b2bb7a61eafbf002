{{ config(materialized="view") }}

{# The outcome: classes, labels, clusters, or ten ranges of the target of a regression. #}
with
    versions as (select * from {{ of_champions("model_versions") }} as versions),

    classes as (
        select
            versions.model,
            entries.entry ->> 'class' as class,
            {{ class_label("versions.target", "entries.entry ->> 'class'") }} as class_label,
            entries.entry ->> 'class' = versions.positive_class as is_positive,
            (entries.entry ->> 'train')::bigint + (entries.entry ->> 'test')::bigint as n,
            null::bigint as range_order,
            -- A case has several labels, so that their counts add up to more than the cases.
            case
                versions.task when 'multilabel' then versions.rows_train + versions.rows_test
            end as cases
        from versions
        cross join lateral jsonb_array_elements(versions.classes) as entries(entry)
    ),

    residuals as not materialized(select * from {{ of_champions("residuals") }} as residuals),

    limits as (
        select model, min(actual) as low, nullif(max(actual) - min(actual), 0) as width
        from residuals
        group by model
    ),

    binned as (
        select
            residuals.model,
            limits.low,
            limits.width,
            least(9, floor(10 * (residuals.actual - limits.low) / limits.width))::bigint as bin
        from residuals
        inner join limits on limits.model = residuals.model and limits.width is not null
    ),

    ranges as (
        select
            model,
            'range ' || bin + 1 as class,
            {{ short_number("low + width * bin / 10") }}
            || ' to '
            || {{ short_number("low + width * (bin + 1) / 10") }} as class_label,
            false as is_positive,
            count(*) as n,
            bin as range_order,
            null::bigint as cases
        from binned
        group by model, low, width, bin
    ),

    outcomes as (
        select *
        from classes
        union all
        select *
        from ranges
    ),

    shares as (
        select
            *,
            n / nullif(coalesce(cases, sum(n) over (partition by model)), 0)::float8 as share,
            max(n) over (partition by model) as largest
        from outcomes
    )

select
    -- ids
    model,
    class,

    -- text
    {{ model_label("model") }} as model_label,
    class_label,
    {{ counted("n") }} || ' (' || {{ percent("share") }} || ')' as value_text,

    -- numbers
    n,
    share,
    round(100.0 * n / nullif(largest, 0), 2) as bar_pct,
    row_number() over (
        partition by model order by coalesce(is_positive, false) desc, range_order, n desc, class
    ) as sort_order,

    -- booleans
    coalesce(is_positive, false) as is_positive
from shares
