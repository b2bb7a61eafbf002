-- Not a cent is lost or made on the way: revenue of orders that are not cancelled, by kind, from
-- the
-- source's own tables, from the vault's history as it holds now, from the star and from the wide
-- table.
with
    source_rows as (
        select orders.kind, items.quantity * items.unit_price * (1 - items.discount) as amount
        from {{ ref("stg_shop__order_items") }} as items
        inner join {{ ref("stg_shop__orders") }} as orders on orders.order_id = items.order_id
        where orders.status <> 'cancelled'
    ),

    vault_rows as (
        select kind, net_amount as amount
        from {{ ref("bridge_order_lines") }}
        where known_to = 'infinity' and not is_cancelled
    ),

    sums as (
        select 'source' as layer, kind, sum(amount) as amount
        from source_rows
        group by kind
        union all
        select 'vault', kind, sum(amount)
        from vault_rows
        group by kind
        union all
        select 'star', kind, sum(net_amount)
        from {{ ref("fct_order_lines") }}
        where status <> 'cancelled'
        group by kind
        union all
        select 'one big table', kind, sum(net_amount)
        from {{ ref("obt_order_lines") }}
        where status <> 'cancelled'
        group by kind
    )

select kind, min(amount) as least, max(amount) as most, count(*) as layers
from sums
group by kind
having min(amount) <> max(amount) or count(*) <> 4
