{#
    dbt's test of this name, with a plan that does not depend on estimates. Reports are views, and
    PostgreSQL expects one row of them; a join of two such views repeats the second for each row of the
    first. Here each of the two is read once.
#}
{% test relationships(model, column_name, to, field) %}
    with
        child as materialized(
            select distinct {{ column_name }} as value
            from {{ model }}
            where {{ column_name }} is not null
        ),

        parent as materialized(select {{ field }} as value from {{ to }})

    select value
    from child
    where not exists (select from parent where parent.value = child.value)
{% endtest %}
