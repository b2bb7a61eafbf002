{{ config(materialized="view") }}

{#
    Two-way partial dependence: the mean prediction on a grid of two measurements, with the number of
    training cases near each cell. Each row is a cell; the cells of one line of the grid hold the outline
    of its curve, because a chart cannot join rows.
#}
{%- set few_cases = 10 -%}
with
    cells as not materialized(
        select * from {{ of_champions("partial_dependence_pairs") }} as cells
    ),

    versions as not materialized(select * from {{ of_champions("model_versions") }} as versions),

    -- How many cases lie near each value, to find the middle value and the quarters of a number.
    values_of_rows as (
        select
            model,
            class,
            pair,
            position,
            kind,
            sum(sum(support)) over upwards / nullif(sum(sum(support)) over whole, 0) as share
        from cells
        group by model, class, pair, position, kind
        window
            whole as (partition by model, class, pair),
            upwards as (partition by model, class, pair order by position)
    ),

    values_of_columns as (
        select
            model,
            class,
            pair,
            other_position as position,
            other_kind as kind,
            sum(sum(support)) over upwards / nullif(sum(sum(support)) over whole, 0) as share
        from cells
        group by model, class, pair, other_position, other_kind
        window
            whole as (partition by model, class, pair),
            upwards as (partition by model, class, pair order by other_position)
    ),

    -- Of a number the first quarter, the middle and the third quarter; of a category the three most
    -- frequent ones, with the most frequent as the middle.
    chosen as (
        {% for axis in ("rows", "columns") %}
            select
                model,
                class,
                pair,
                {{ sql_text(axis) }} as axis,
                case
                    max(kind) when 'number' then min(position) filter (where share >= 0.25) else 2
                end as low,
                case
                    max(kind) when 'number' then min(position) filter (where share >= 0.5) else 1
                end as middle,
                case
                    max(kind) when 'number' then min(position) filter (where share >= 0.75) else 3
                end as high
            from values_of_{{ axis }}
            group by model, class, pair {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    described as (
        select
            cells.*,
            versions.task,
            versions.target,
            versions.features,
            coalesce(cells.class = versions.positive_class, false) as is_positive,
            min(cells.mean) over answer as lowest,
            max(cells.mean) over answer as highest,
            max(cells.position) over grid as last_position,
            max(cells.other_position) over grid as last_other_position,
            case
                cells.position
                when rows.middle
                then 'middle'
                when rows.low
                then 'low'
                when rows.high
                then 'high'
            end as row_line,
            case
                cells.other_position
                when columns.middle
                then 'middle'
                when columns.low
                then 'low'
                when columns.high
                then 'high'
            end as column_line
        from cells
        inner join versions on versions.model = cells.model
        left join
            chosen as rows
            on (rows.model, rows.class, rows.pair, rows.axis)
            = (cells.model, cells.class, cells.pair, 'rows')
        left join
            chosen as columns
            on (columns.model, columns.class, columns.pair, columns.axis)
            = (cells.model, cells.class, cells.pair, 'columns')
        window
            answer as (partition by cells.model, cells.class),
            grid as (partition by cells.model, cells.class, cells.pair)
    ),

    positioned as (
        select
            *,
            coalesce({{ track_position("mean", "lowest", "highest") }}, 50) as m_pct,
            coalesce({{ track_position("position", "1", "last_position::float8") }}, 0) as x_pct,
            coalesce(
                {{ track_position("other_position", "1", "last_other_position::float8") }}, 0
            ) as other_x_pct
        from described
    ),

    -- The outlines of the curves as corners of a CSS polygon: there and back.
    outlined as (
        select
            *,
            string_agg(format('%s%% calc(%s%% - 1.2px)', x_pct, 100 - m_pct), ', ') over upwards
            || ', '
            || string_agg(
                format('%s%% calc(%s%% + 1.2px)', x_pct, 100 - m_pct), ', '
            ) over downwards as curve,
            string_agg(
                format('%s%% calc(%s%% - 1.2px)', other_x_pct, 100 - m_pct), ', '
            ) over other_upwards
            || ', '
            || string_agg(
                format('%s%% calc(%s%% + 1.2px)', other_x_pct, 100 - m_pct), ', '
            ) over other_downwards as other_curve
        from positioned
        window
            upwards as (
                partition by model, class, pair, other_position
                order by position
                rows between unbounded preceding and unbounded following
            ),
            downwards as (
                partition by model, class, pair, other_position
                order by position desc
                rows between unbounded preceding and unbounded following
            ),
            other_upwards as (
                partition by model, class, pair, position
                order by other_position
                rows between unbounded preceding and unbounded following
            ),
            other_downwards as (
                partition by model, class, pair, position
                order by other_position desc
                rows between unbounded preceding and unbounded following
            )
    ),

    labelled as (
        select
            outlined.*,
            {{ feature_label("outlined.model", "outlined.feature") }} as feature_label,
            {{ feature_label("outlined.model", "outlined.other") }} as other_label,
            {{ feature_phrase("outlined.model", "outlined.feature") }} as feature_phrase,
            {{ feature_phrase("outlined.model", "outlined.other") }} as other_phrase,
            {% for prefix in ("", "other_") %}
                {{
                    set_value_label(
                        "features",
                        "other" if prefix else "feature",
                        prefix ~ "category",
                        prefix ~ "x",
                    )
                }} as {{ prefix }}value_label,
            {% endfor %}
            {% for column in ("mean", "unchanged", "lowest", "highest", "lower", "upper") %}
                case
                    when task = 'regression'
                    then {{ short_number(column) }}
                    when highest < 0.1
                    then {{ percent(column, 1) }}
                    else {{ percent(column) }}
                end as {{ column }}_text,
            {% endfor %}
            case
                task
                when 'regression'
                then {{ feature_label("outlined.model", "outlined.target") }}
                else {{ probability_label("target", "class") }}
            end as answer_label,
            support < {{ few_cases }} as has_few_cases
        from outlined
    ),

    -- The cells with the lowest and the highest prediction among those with enough cases.
    extremes as (
        select
            labelled.*,
            first_value(mean_text) over lowest_first as lowest_supported,
            first_value(value_label) over lowest_first as lowest_value,
            first_value(other_value_label) over lowest_first as lowest_other_value,
            first_value(mean_text) over highest_first as highest_supported,
            first_value(value_label) over highest_first as highest_value,
            first_value(other_value_label) over highest_first as highest_other_value,
            min(has_few_cases::integer) over (partition by model, class, pair) as all_have_few_cases
        from labelled
        window
            lowest_first as (
                partition by model, class, pair
                order by has_few_cases, mean, position, other_position
            ),
            highest_first as (
                partition by model, class, pair
                order by has_few_cases, mean desc, position, other_position
            )
    )

select
    -- ids
    model,
    pair,
    position,
    other_position,

    -- text
    {{ model_label("model") }} as model_label,
    feature_label || ' and ' || other_label as pair_label,
    feature_phrase || ' and ' || other_phrase as pair_phrase,
    feature_label,
    other_label,
    answer_label,
    value_label,
    other_value_label,
    mean_text,
    lower_text || ' to ' || upper_text as range_text,
    {{ plural("support", "case") }} as cases_text,
    lowest_text as scale_low,
    highest_text as scale_high,
    case when has_few_cases then 'few' else 'enough' end as support_state,
    row_line,
    column_line,
    curve,
    other_curve,
    case
        all_have_few_cases
        when 1
        then 'Few training cases lie near any cell of this grid: do not rely on it.'
        else
            'Between cells with enough cases, the mean prediction goes from '
            || lowest_supported
            || ' ('
            || feature_phrase
            || ' '
            || lowest_value
            || ', '
            || other_phrase
            || ' '
            || lowest_other_value
            || ') to '
            || highest_supported
            || ' ('
            || feature_phrase
            || ' '
            || highest_value
            || ', '
            || other_phrase
            || ' '
            || highest_other_value
            || '). With both unchanged it is '
            || unchanged_text
            || '.'
    end as summary,

    -- numbers
    mean,
    lower,
    upper,
    unchanged,
    support,
    n,
    m_pct,
    round(m_pct / 140, 2) as shade,
    dense_rank() over (partition by model order by is_positive desc, class) as answer_rank,

    -- booleans
    position = 1 as is_first_row,
    other_position = 1 as is_first_column,
    coalesce(column_line = 'middle', false) as is_row_tick,
    coalesce(row_line = 'middle', false) as is_column_tick,
    coalesce(row_line = 'middle' and column_line = 'middle', false) as is_typical,
    has_few_cases
from extremes
