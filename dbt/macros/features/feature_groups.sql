{#
    The feature groups of an entity, joined at its snapshots, as a sub-select:

        select * from {{ feature_groups("customer", "feat_customer__snapshots", where="is_current") }}

    Every file in models/features/<entity>/ is a group: a model feat_<entity>__<group> with one row per
    snapshot. dbt must know what a model reads before it has read the other files, so `make build`
    passes the names of the groups in GLASSHOUSE_FEATURE_GROUPS.

    A group stores the date of an event, not its age. A column whose meta names an `age` is given to the
    models as that: the days from the event to as_of.
#}
{% macro feature_groups(entity, snapshots, where="true") -%}
    {%- set keys = [entity ~ "_key", "as_of"] -%}
    {%- set groups = feature_group_names(entity) -%}
    (
        select
            snapshots.{{ keys | join(", snapshots.") }}
            {%- for group in groups %}
                {%- set ages = ages_of(group) -%}
                {%- for column in columns_of(ref(group)) if column not in keys %}
                    {%- if column in ages %}
                        ,
                        snapshots.as_of
                        - {{ group }}.{{ adapter.quote(column) }}
                        as {{ adapter.quote(ages[column]) }}
                    {%- else %}, {{ group }}.{{ adapter.quote(column) }}
                    {%- endif -%}
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


{# Names of the models in models/features/<entity>/, as `make build` passes them. #}
{% macro feature_group_names(entity) -%}
    {%- set names = [] -%}
    {%- for name in env_var("GLASSHOUSE_FEATURE_GROUPS").split() if name.startswith("feat_" ~ entity ~ "__") -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == "model" and node.fqn[1:-1] == ["features", entity] and node.name not in names -%}
            {%- set message = "GLASSHOUSE_FEATURE_GROUPS does not name {}. Run `make build`, which sets it." -%}
            {%- do exceptions.raise_compiler_error(message.format(node.name)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(names) -}}
{%- endmacro %}


{# The date columns of a feature group that models see as an age: {date column: name of the age}. #}
{% macro ages_of(group) -%}
    {%- set ages = {} -%}
    {%- if execute -%}
        {%- for column in graph.nodes["model." ~ project_name ~ "." ~ group].columns.values() -%}
            {%- if column.meta.age -%}
                {%- do ages.update({column.name: column.meta.age}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(ages) -}}
{%- endmacro %}


{# A built relation's columns in their order; none while dbt only reads the files. #}
{% macro columns_of(relation) -%}
    {%- set columns = adapter.get_columns_in_relation(relation) if execute else [] -%}
    {{- return(columns | map(attribute="name") | list) -}}
{%- endmacro %}
