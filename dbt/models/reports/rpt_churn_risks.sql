{# Customers by predicted churn risk and country. #}
select country, risk_decile, risk_range, count(*) as customers
from {{ ref("rpt_call_list") }}
group by country, risk_decile, risk_range
