{# How many customers the churn model gives how much risk, country by country. #}
select country, risk_tenth, risk_range, count(*) as customers
from {{ ref("rpt_call_list") }}
group by country, risk_tenth, risk_range
