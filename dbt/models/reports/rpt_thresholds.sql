{{ config(materialized="view") }}

{#
    Recall, precision and cost by threshold, computed from the points of the ROC curve. The owner of a
    model sets the costs of mistakes in its meta; by default a miss costs as much as five false alarms:

        config: {meta: {costs: {miss: 60, false_alarm: 5, unit: EUR}}}
#}
with
    roc as (select curves.* from {{ of_champions("curves") }} as curves where curves.curve = 'roc'),

    versions as (
        select *
        from {{ of_champions("model_versions") }} as versions
        where task = 'classification' and positive_class is not null
    ),

    configured as (
        {% for name in trained_models() %}
            {%- set costs = model_node(name).config.meta.get("costs", {}) if execute else {} %}
            select
                {{ sql_text(registry_name(name)) }} as model,
                {{ costs.miss or "null" }}::float8 as miss,
                {{ costs.false_alarm or "null" }}::float8 as false_alarm,
                {{ sql_text(costs.unit) }}::text as unit
                {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    costs as (
        select
            versions.model,
            versions.positive_class,
            coalesce(configured.miss, 5) as miss,
            coalesce(configured.false_alarm, 1) as false_alarm,
            coalesce(nullif(configured.unit, ''), 'points') as unit,
            configured.miss is null as is_assumed,
            (
                select (entry ->> 'test')::float8
                from jsonb_array_elements(versions.classes) as entries(entry)
                where entry ->> 'class' = versions.positive_class
            )
            / nullif(versions.rows_test, 0) as base
        from versions
        left join configured on configured.model = versions.model
    ),

    -- The cases flagged at a threshold are those of the last point that is not below it.
    rates as (
        select
            costs.*,
            thresholds.threshold,
            coalesce(highest.recall, 0) as recall,
            coalesce(highest.false_positive_rate, 0) as false_positive_rate
        from costs
        cross join generate_series(0, 100) as thresholds(threshold)
        cross join
            lateral(
                select max(roc.y) as recall, max(roc.x) as false_positive_rate
                from roc
                where
                    roc.model = costs.model
                    and roc.series = costs.positive_class
                    and roc.threshold >= thresholds.threshold / 100.0
            ) as highest
    ),

    costed as (
        select
            *,
            base * recall + (1 - base) * false_positive_rate as flagged_share,
            miss * base * (1 - recall) + false_alarm * (1 - base) * false_positive_rate as cost,
            miss * base as cost_of_nothing,
            false_alarm * (1 - base) as cost_of_all
        from rates
    ),

    ranked as (
        select
            *,
            row_number() over by_cost = 1 as is_cheapest,
            first_value(threshold) over by_cost as cheapest_threshold,
            first_value(cost) over by_cost as cheapest_cost
        from costed
        window by_cost as (partition by model order by cost, threshold desc)
    )

select
    -- ids
    ranked.model,
    ranked.threshold,

    -- text
    {{ model_label("ranked.model") }} as model_label,
    'A miss costs '
    || {{ short_number("ranked.miss") }}
    || ' '
    || ranked.unit
    || ', a false alarm '
    || {{ short_number("ranked.false_alarm") }}
    || case
        when ranked.is_assumed
        then ' (assumed; set costs in the meta of the model to change this).'
        else ' (set by the owner of the model).'
    end as costs_text,
    'Flagging cases from '
    || ranked.cheapest_threshold
    || U&'\202F% on costs least: '
    || {{ short_number("ranked.cheapest_cost") }}
    || ' '
    || ranked.unit
    || ' per case, against '
    || {{ short_number("ranked.cost_of_nothing") }}
    || ' when no case is flagged.' as cheapest_text,
    ranked.unit,

    -- numbers
    ranked.recall,
    ranked.base * ranked.recall / nullif(ranked.flagged_share, 0) as precision,
    ranked.flagged_share,
    ranked.cost,
    ranked.cost_of_nothing,
    ranked.cost_of_all,

    -- booleans
    ranked.is_cheapest
from ranked
