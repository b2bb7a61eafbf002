{{ config(materialized="view") }}

with
    confusion as (select * from {{ of_champions("confusion") }} as confusion where split = 'test'),

    versions as (select * from {{ of_champions("model_versions") }} as versions),

    cells as (
        select
            confusion.model,
            versions.target,
            confusion.actual,
            confusion.predicted,
            confusion.n,
            confusion.n / nullif(
                sum(confusion.n) over (partition by confusion.model, confusion.actual), 0
            )::float8 as share_of_actual,
            confusion.actual = confusion.predicted as is_hit,
            confusion.actual = versions.positive_class as is_positive,
            confusion.predicted = versions.positive_class as is_flagged,
            jsonb_array_length(versions.classes) as classes,
            jsonb_array_length(versions.classes) = 2 as is_binary
        from confusion
        inner join versions on versions.model = confusion.model
    ),

    outcomes as (
        select
            *,
            case
                when not is_binary
                then case when is_hit then 'right' else 'wrong' end
                when is_positive and is_flagged
                then 'found'
                when is_positive
                then 'missed'
                when is_flagged
                then 'false alarm'
                else 'correctly ignored'
            end as outcome
        from cells
    ),

    labelled as (
        select
            -- ids
            model,
            actual,
            predicted,

            -- text
            {{ model_label("model") }} as model_label,
            {{ class_label("target", "actual") }} as actual_label,
            {{ class_label("target", "predicted") }} as predicted_label,
            outcome,
            coalesce({{ percent("share_of_actual") }}, 'no case')
            || ' '
            || case outcome when 'false alarm' then 'false alarms' else outcome end as caption,
            {{ counted("n") }} as value_text,
            case when is_hit then 'hit' else 'miss' end as state,

            -- numbers
            n,
            share_of_actual,
            classes,
            row_number() over (
                partition by model
                order by
                    coalesce(is_positive, false) desc,
                    actual,
                    coalesce(is_flagged, false) desc,
                    predicted
            ) as sort_order
        from outcomes
    )

select
    *,
    -- booleans: the cells that carry the names of the rows and of the columns
    (sort_order - 1) % classes = 0 as is_row_start,
    sort_order <= classes as is_column_head
from labelled
