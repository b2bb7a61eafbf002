-- Published dates, the earliest and the latest there can be among them.
with
    published(easter) as (
        values
            (date '1818-03-22'),
            ('1943-04-25'),
            ('2000-04-23'),
            ('2008-03-23'),
            ('2011-04-24'),
            ('2016-03-27'),
            ('2019-04-21'),
            ('2023-04-09'),
            ('2024-03-31'),
            ('2025-04-20'),
            ('2038-04-25'),
            ('2285-03-22')
    )

select *
from published
inner join
    {{ ref("easter_sundays") }} as computed on computed.year = extract(year from published.easter)
where computed.date_day <> published.easter
