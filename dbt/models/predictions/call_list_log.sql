{#
    Call lists as they were made: one row for each day and customer, as the first build of the day ranked
    them. Rows are only added. Of more than logged_predictions customers, a fixed sample and both lists
    of each country are logged. The test list of each champion ranks the newest customers whose outcome is known: it
    shows what a list is worth before the outcome of the first one is known.
-#}
{{ config(materialized="incremental", incremental_strategy="append", full_refresh=false) }}

{%- set churn = ref("churn") -%}
{%- set training = ref("feat_customer__training") -%}
{%- set predict_function = function("predict") -%}
{%- set champion = champion_of("churn") -%}

{#- Only a split by time keeps the newest customers out of the training. -#}
{%- set needs_test_list = false -%}
{%- if execute and not flags.EMPTY and is_trained(churn) and model_node(
    churn
).config.split.by == "time" -%}
    {%- set logged -%}
        select count(*)
        from {{ champion }} as champion
        {% if is_incremental() -%}
            where model_version not in (select model_version from {{ this }} where is_test)
        {%- endif %}
    {%- endset -%}
    {%- set needs_test_list = run_query(logged).rows[0][0] > 0 -%}
{%- endif -%}

with
    scored as (
        select
            predictions.customer_key,
            predictions.as_of,
            predictions.model_version,
            false as is_test,
            predictions.churn_probability,
            current.spent_365_days as revenue
        from {{ ref("pred_churn") }} as predictions
        left join
            {{ ref("feat_customer__current") }} as current
            on current.customer_key = predictions.customer_key
        {% if is_incremental() %}
            where predictions.as_of not in (select as_of from {{ this }} where not is_test)
        {% endif %}
        {% if needs_test_list %}
                {%- set newest -%}
                select * from {{ training }} where as_of = (select max(as_of) from {{ training }})
                {%- endset %}
            union all
            select
                described.customer_key,
                described.as_of,
                champion.model_version,
                true,
                predictions.score,
                described.spent_365_days
            from
                {{ predict_function }} (
                    {{ sql_text(registry_name("churn")) }}, {{ sql_text(newest) }}
                ) as predictions
            inner join ({{ newest }}) as described on described.customer_key::text = predictions.key
            cross join {{ champion }} as champion
        {% endif %}
    ),

    valued as (
        select
            scored.*,
            greatest(coalesce(scored.revenue, 0), 0)::float8 as yearly_revenue,
            customers.customer_number,
            customers.country
        from scored
        inner join
            {{ ref("dim_customers") }} as customers on customers.customer_key = scored.customer_key
    ),

    ranked as (
        select
            *,
            row_number() over (
                partition by is_test
                order by churn_probability * yearly_revenue desc, customer_number
            ) as loss_rank,
            row_number() over (
                partition by is_test order by yearly_revenue desc, customer_number
            ) as revenue_rank,
            row_number() over (partition by is_test order by md5(customer_key::text))
            <= {{ var("logged_predictions") }} as is_sampled
        from valued
    ),

    -- A reader of one country sees the list of that country.
    ranked_by_country as (
        select
            *,
            row_number() over (
                partition by is_test, country order by loss_rank
            ) as loss_rank_of_country,
            row_number() over (
                partition by is_test, country order by revenue_rank
            ) as revenue_rank_of_country
        from ranked
    )

select
    -- ids
    customer_key,
    model_version,

    -- numbers
    churn_probability,
    yearly_revenue,
    loss_rank,
    revenue_rank,

    -- booleans
    is_sampled,
    is_test,

    -- dates
    as_of,
    {{ sql_text(run_started_at) }}::timestamptz as logged_at
from ranked_by_country
where
    is_sampled
    or least(loss_rank_of_country, revenue_rank_of_country) <= {{ var("call_list_length") }}
