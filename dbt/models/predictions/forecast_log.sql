{#
    Forecasts as they were made: rows are only added, so a later build or a dropped version changes none
    of them. They come from the registry, so that a model trained by SQL is logged too. A version that
    its tests rejected was never used and is left out.
#}
{{ config(materialized="incremental", incremental_strategy="append", full_refresh=false) }}

with
    versions as (
        select *
        from {{ of_all_versions("model_versions") }} as versions
        where task = 'forecast' and status in ('champion', 'archived')
    ),

    forecasts as (
        select * from {{ of_all_versions("forecasts") }} as forecasts where part = 'future'
    ),

    series as (select * from {{ of_all_versions("forecast_series") }} as series)

select
    -- ids
    forecasts.model,
    forecasts.version as model_version,
    forecasts.series,

    -- numbers
    forecasts.step,
    forecasts.forecast,
    forecasts.lower,
    forecasts.upper,
    forecasts.baseline,

    -- dates
    forecasts.at,
    series.last_at as cut_off,
    versions.trained_at as made_at
from forecasts
inner join versions on versions.model = forecasts.model and versions.version = forecasts.version
inner join
    series
    on series.model = forecasts.model
    and series.version = forecasts.version
    and series.position = forecasts.position
{% if is_incremental() %}
    -- A model that was dropped and trained anew counts its versions from 1 again.
    where
        not exists (
            select
            from {{ this }} as existing
            where
                existing.model = forecasts.model
                and existing.model_version = forecasts.version
                and existing.made_at = versions.trained_at
        )
{% endif %}
