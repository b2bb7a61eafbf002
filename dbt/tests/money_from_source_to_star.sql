-- Revenue of the orders that are not cancelled, by kind, is the same in the source, the vault, the
-- star and the wide table. `make refresh` tests the orders that have changed since the last build
-- whose tests passed.
{% set since = changed_since() %}
{% set is_tested -%}
    {% if since %} order_line_key in (select order_line_key from source_rows)
    {% else %} true
    {% endif %}
{%- endset %}

with
    source_rows as (
        select
            {{ hash_key(["orders.order_number", "items.line_number"]) }} as order_line_key,
            orders.kind,
            orders.status,
            items.quantity * items.unit_price * (1 - items.discount) as amount
        from {{ ref("stg_shop__order_items") }} as items
        inner join {{ ref("stg_shop__orders") }} as orders on orders.order_id = items.order_id
        {% if since %}
            where
                orders.order_id in (
                    select order_id
                    from {{ ref("stg_shop__orders") }}
                    where updated_at >= {{ since }}
                    union
                    select order_id
                    from {{ ref("stg_shop__order_items") }}
                    where updated_at >= {{ since }}
                )
        {% endif %}
    ),

    sums as (
        select 'source' as layer, kind, sum(amount) as amount
        from source_rows
        where status <> 'cancelled'
        group by kind
        union all
        select 'vault', kind, sum(net_amount)
        from {{ ref("bridge_order_lines") }}
        where valid_to = 'infinity' and not is_cancelled and {{ is_tested }}
        group by kind
        union all
        select 'star', kind, sum(net_amount)
        from {{ ref("fct_order_lines") }}
        where status <> 'cancelled' and {{ is_tested }}
        group by kind
        union all
        select 'one big table', kind, sum(net_amount)
        from {{ ref("obt_order_lines") }}
        where status <> 'cancelled' and {{ is_tested }}
        group by kind
    )

select kind, min(amount) as least, max(amount) as most, count(*) as layers
from sums
group by kind
having min(amount) <> max(amount) or count(*) <> 4
