{#
    What every materialization does around the statement that makes its relation:

        {% call build_relation(target_relation) %} create or replace view … {% endcall %}
#}
{% macro build_relation(relation) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- set statement_sql = caller() -%}
    {%- call statement("main") -%} {{ statement_sql }} {%- endcall -%}
    {%- do apply_grants(relation, config.get("grants"), should_revoke=True) -%}
    {%- do persist_docs(relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
{%- endmacro %}
