{#
    Fails for each feature of a model node, and for its score, that moved
    further than `psi` from the rows the champion was made of, where so many
    rows say so beyond chance. `rows` is a relation; `period` one of its
    columns, to judge each of its values apart.

    The function is named without function(): a test that depends on a function
    node runs when the functions are built, before there is any model.
#}
{% test drift_at_most(model, rows, psi=0.25, period=none) %}

    select *
    from
        {{ source("ml", "metrics").schema }}.drift(
            (select trained.model from {{ model }} as trained),
            {{ sql_text("select * from " ~ rows) }},
            {{ sql_text(period) }}
        ) as measured
    where measured.psi > {{ psi }} and measured.verdict <> 'as in training'

{% endtest %}
