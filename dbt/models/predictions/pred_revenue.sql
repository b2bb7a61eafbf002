-- The forecast of the next days, in total and by product line.
with
    forecasts as (select * from {{ forecast(ref("revenue")) }}),

    champion as (select * from {{ champion_of("revenue") }} as champion)

select
    -- ids
    forecasts.series,
    forecasts.at::date as day,
    champion.model,
    champion.model_label,
    champion.model_version,

    -- numbers
    forecasts.step,
    forecasts.forecast,
    forecasts.lower,
    forecasts.upper,
    forecasts.baseline
from forecasts
cross join champion
