-- What public holidays add to the history of a series, and how much trend and season explain.

alter table ml.forecast_history
add column holiday text,
add column holiday_effect double precision check (abs(holiday_effect) < 'Infinity');

alter table ml.forecast_series
add column trend_strength double precision check (trend_strength between 0 and 1),
add column seasonal_strength double precision check (seasonal_strength between 0 and 1);
