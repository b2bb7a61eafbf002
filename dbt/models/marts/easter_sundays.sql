{{ config(materialized="ephemeral") }}

-- The anonymous Gregorian computus as Meeus gives it (Astronomical Algorithms, chapter 8).
select year, make_date(year, (h + l - 7 * m + 114) / 31, (h + l - 7 * m + 114) % 31 + 1) as date_day
from generate_series(1583, 2999) as year
cross join lateral(select year % 19 as a, year / 100 as b, year % 100 as c) as first_step
cross join
    lateral(select (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30 as h) as second_step
cross join lateral(select (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7 as l) as third_step
cross join lateral(select (a + 11 * h + 22 * l) / 451 as m) as fourth_step
