{#
    Fails for each feature of the version, and for its score, whose population stability index
    exceeds `psi`, unless chance, the usual variation between periods or the passing of time explains
    it. `rows` is a relation; `period` names one of its columns, each value of which is tested apart.

    The function is named without function(): a test that depends on a function node runs when the
    functions are built, before there is any model.
#}
{% test drift_at_most(model, rows, psi=0.25, period=none) %}

    {%- do check_is_relation(rows, "drift_at_most") %}

    with versions as (select model, version from {{ model }})

    select drift.*, drift.feature as subject, drift.psi as value, {{ psi }} as "limit"
    from versions
    cross join
        lateral ml.drift(
            versions.model,
            {{ sql_text("select * from " ~ rows) }},
            {{ sql_text(period) }},
            versions.version
        ) as drift
    where drift.psi > {{ psi }} and drift.verdict not in ('as in training', 'ages')

{% endtest %}
