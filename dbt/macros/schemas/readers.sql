{#
    Gives Superset's logins their rights on a relation that was just built, row filters included.
    `make up` and `make push` write the rules that this applies (decision 0011).
#}
{% macro grant_readers(relation) -%}
    select access.apply({{ sql_text(relation.include(database=false).render()) }})
{%- endmacro %}
