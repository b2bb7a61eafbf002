{#
    The features of a model that `make add` has made, as a sub-select: the columns of
    feat_<name>__base, and those of each further file in models/features/<name>/, joined by the key.

        select * from {{ feature_files("titanic", "passenger_id") }} as features

    A file whose meta has the status `wanted` is an open task: it is left out until the status is gone.
#}
{% macro feature_files(name, key) -%}
    {%- set base = "feat_" ~ name ~ "__base" -%}
    {%- set columns, selected, files = {}, [], [] -%}
    {%- for file in [base] + feature_group_names(name) -%}
        {%- set relation = ref(file) -%}
        {%- if execute and not is_wanted(model_node(file)) -%}
            {%- do files.append(file) if file != base -%}
            {%- for column in columns_of(relation) if column != key or file == base -%}
                {%- if column in columns -%}
                    {%- do exceptions.raise_compiler_error(
                        file
                        ~ " and "
                        ~ columns[column]
                        ~ " both have a column "
                        ~ column
                        ~ ". Rename one of them."
                    ) -%}
                {%- endif -%}
                {%- do columns.update({column: file}) -%}
                {%- do selected.append(file ~ "." ~ adapter.quote(column)) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    (
        select {{ selected | join(", ") or "*" }}
        from {{ ref(base) }} as {{ base }}
        {% for file in files %}
            left join
                {{ ref(file) }} as {{ file }}
                on {{ file }}.{{ adapter.quote(key) }} = {{ base }}.{{ adapter.quote(key) }}
        {% endfor %}
    )
{%- endmacro %}


{# Whether a feature file is a task that nobody has finished. #}
{% macro is_wanted(node) -%}
    {{- return(node.config.get("meta", {}).get("status") == "wanted") -}}
{%- endmacro %}
