{#
    The feature groups of an entity, joined at its snapshots, as a sub-select:

        select * from {{ feature_groups("customer", "feat_customer__snapshots", where="is_current") }}

    Every file in models/features/<entity>/ is a group: a model feat_<entity>__<group> with one row
    per snapshot. `make build` hands over their names (GLASSHOUSE_FEATURE_GROUPS), because dbt has to
    know what a model reads before it has seen the other files. So a new file is a new feature, and
    stands in the lineage like any other, without a line changed elsewhere.
#}
{% macro feature_groups(entity, snapshots, where="true") -%}
    {%- set keys = [entity ~ "_key", "as_of"] -%}
    {%- set groups = feature_group_names(entity) -%}
    (
        select
            snapshots.{{ keys | join(", snapshots.") }}
            {%- for group in groups %}
                {%- for column in columns_of(ref(group)) if column not in keys %}
                    , {{ group }}.{{ adapter.quote(column) }}
                {%- endfor %}
            {%- endfor %}
        from {{ ref(snapshots) }} as snapshots
        {% for group in groups %}
            left join
                {{ ref(group) }} as {{ group }}
                on {{ group }}.{{ keys[0] }} = snapshots.{{ keys[0] }}
                and {{ group }}.as_of = snapshots.as_of
        {% endfor %}
        where {{ where }}
    )
{%- endmacro %}


{# Names of the models in models/features/<entity>/, as `make build` found them. #}
{% macro feature_group_names(entity) -%}
    {%- set found = [] -%}
    {%- for name in env_var("GLASSHOUSE_FEATURE_GROUPS").split() if name.startswith("feat_" ~ entity ~ "__") -%}
        {%- do found.append(name) -%}
    {%- endfor -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == "model" and node.fqn[1:-1] == ["features", entity] and node.name not in found -%}
            {{
                exceptions.raise_compiler_error(
                    "GLASSHOUSE_FEATURE_GROUPS does not name "
                    ~ node.name
                    ~ ". Run `make build`, which sets it."
                )
            }}
        {%- endfor -%}
    {%- endif -%}
    {{- return(found) -}}
{%- endmacro %}


{# A built relation's columns in their order; none while dbt only reads the files. #}
{% macro columns_of(relation) -%}
    {{-
        return(
            adapter.get_columns_in_relation(relation) | map(attribute="name") | list
            if execute
            else []
        )
    -}}
{%- endmacro %}
