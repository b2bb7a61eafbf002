{#
    What follows from the threshold, worked out from the points of the ROC curve. What mistakes cost
    is for the owner of a model to say, in its meta; until then a miss counts five false alarms:

        config: {meta: {costs: {miss: 60, false_alarm: 5, unit: EUR}}}
#}
with
    roc as (select curves.* from {{ of_champions("curves") }} as curves where curves.curve = 'roc'),

    versions as (
        select *
        from {{ of_champions("model_versions") }} as versions
        where task = 'classification' and positive_class is not null
    ),

    written as (
        {% for name in var("trained_models") %}
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
            coalesce(written.miss, 5) as miss,
            coalesce(written.false_alarm, 1) as false_alarm,
            coalesce(nullif(written.unit, ''), 'points') as unit,
            written.miss is null as is_assumed,
            (
                select (entry ->> 'test')::float8
                from jsonb_array_elements(versions.classes) as entries(entry)
                where entry ->> 'class' = versions.positive_class
            )
            / nullif(versions.rows_test, 0) as base
        from versions
        left join written on written.model = versions.model
    ),

    -- The cases flagged from a threshold on are those of the last point that is not below it.
    reached as (
        select
            costs.*,
            thresholds.threshold,
            coalesce(max(roc.y), 0) as found_share,
            coalesce(max(roc.x), 0) as alarm_share
        from costs
        cross join generate_series(0, 100) as thresholds(threshold)
        left join
            roc
            on roc.model = costs.model
            and roc.series = costs.positive_class
            and roc.threshold >= thresholds.threshold / 100.0
        group by
            costs.model,
            costs.positive_class,
            costs.miss,
            costs.false_alarm,
            costs.unit,
            costs.is_assumed,
            costs.base,
            thresholds.threshold
    ),

    priced as (
        select
            *,
            base * found_share + (1 - base) * alarm_share as flagged_share,
            miss * base * (1 - found_share) + false_alarm * (1 - base) * alarm_share as cost,
            miss * base as cost_of_nothing,
            false_alarm * (1 - base) as cost_of_all
        from reached
    ),

    ranked as (
        select
            *,
            row_number() over (partition by model order by cost, threshold desc) = 1 as is_cheapest
        from priced
    ),

    cheapest as (select model, threshold, cost from ranked where is_cheapest)

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
        then ' (assumed; the owner of the model can say otherwise in its meta).'
        else ' (said by the owner of the model).'
    end as costs_in_words,
    'Cheapest is flagging from '
    || cheapest.threshold
    || U&'\202F% on: '
    || {{ short_number("cheapest.cost") }}
    || ' '
    || ranked.unit
    || ' a case, against '
    || {{ short_number("ranked.cost_of_nothing") }}
    || ' when nobody is flagged.' as cheapest_in_words,
    ranked.unit,

    -- numbers
    ranked.found_share,
    ranked.base * ranked.found_share / nullif(ranked.flagged_share, 0) as right_share,
    ranked.flagged_share,
    ranked.cost,
    ranked.cost_of_nothing,
    ranked.cost_of_all,

    -- booleans
    ranked.is_cheapest
from ranked
inner join cheapest on cheapest.model = ranked.model
