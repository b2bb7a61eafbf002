{#
    A view, made again only when it would be another: making one drops what stands on it, and two
    that are made at the same time under one that joins them would wait for each other for ever.
#}
{% materialization view, adapter = "postgres" %}
    {%- set target_relation = this.incorporate(type="view") -%}
    {%- set name = "view " ~ model.unique_id -%}
    {%- set mark = local_md5(sql ~ model.description ~ tojson(model.columns)) -%}
    {%- set standing -%}
        select true as stands
        from pg_views
        inner join {{ marks_relation() }} as marks on marks.name = {{ sql_text(name) }}
        where
            schemaname = {{ sql_text(this.schema) }}
            and viewname = {{ sql_text(this.identifier) }}
            and marks.mark = {{ sql_text(mark) }}
    {%- endset -%}

    {% if run_query(standing).rows | length and not should_full_refresh() %}
        {% call noop_statement("main", "UNCHANGED") -%} {{ sql }} {%- endcall %}
    {% else %}
        {{ run_hooks(pre_hooks, inside_transaction=False) }}
        {% call statement("one_after_the_other") -%}
            select pg_advisory_xact_lock(hashtextextended('views', 0))
        {%- endcall %}
        {{ run_hooks(pre_hooks, inside_transaction=True) }}
        {{ drop_relation_if_exists(load_cached_relation(this)) }}
        {% call statement("main") -%} {{ get_create_view_as_sql(target_relation, sql) }}
        {%- endcall %}
        {% call statement("mark") -%} {{ leave_word(name, mark) }}
        {%- endcall %}
        {% do apply_grants(target_relation, config.get("grants"), should_revoke=True) %}
        {% do persist_docs(target_relation, model) %}
        {{ run_hooks(post_hooks, inside_transaction=True) }}
        {{ adapter.commit() }}
        {{ run_hooks(post_hooks, inside_transaction=False) }}
    {% endif %}

    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}
