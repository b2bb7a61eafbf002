-- Every day from the year of the first order to the end of the year after the last.
with
    bounds as (
        select
            extract(year from min(ordered_at))::integer as first_year,
            extract(year from max(ordered_at))::integer + 1 as last_year
        from {{ ref("sat_order__placed") }}
    ),

    years as (
        select generate_series(first_year, last_year) as year
        from bounds
        where first_year is not null
    ),

    days as (
        select
            generate_series(
                make_date(min(year), 1, 1), make_date(max(year), 12, 31), interval '1 day'
            )::date as date_day
        from years
    ),

    holidays as (
        select make_date(year, month, day) as date_day, holiday_name
        from years
        cross join
            (
                values
                    (1, 1, 'New Year''s Day'),
                    (5, 1, 'Labour Day'),
                    (12, 24, 'Christmas Eve'),
                    (12, 25, 'Christmas Day'),
                    (12, 26, 'Boxing Day'),
                    (12, 31, 'New Year''s Eve')
            ) as fixed(month, day, holiday_name)
        union all
        select easters.date_day + days_later, holiday_name
        from {{ ref("easter_sundays") }} as easters
        inner join years on years.year = easters.year
        cross join
            (
                values
                    (-2, 'Good Friday'),
                    (0, 'Easter Sunday'),
                    (1, 'Easter Monday'),
                    (39, 'Ascension Day'),
                    (50, 'Whit Monday')
            ) as movable(days_later, holiday_name)
    ),

    named as (
        select date_day, string_agg(holiday_name, ', ' order by holiday_name) as holiday_name
        from holidays
        group by date_day
    )

select
    days.date_day,
    extract(year from days.date_day)::integer as year,
    extract(quarter from days.date_day)::integer as quarter,
    extract(month from days.date_day)::integer as month,
    to_char(days.date_day, 'FMMonth') as month_name,
    extract(week from days.date_day)::integer as iso_week,
    extract(isodow from days.date_day)::integer as day_of_week,
    to_char(days.date_day, 'FMDay') as day_name,
    extract(isodow from days.date_day) in (6, 7) as is_weekend,
    named.date_day is not null as is_holiday,
    named.holiday_name
from days
left join named on named.date_day = days.date_day
