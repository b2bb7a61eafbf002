{#
    What each prediction table says of where its answers come from, from a step `champion`: the model,
    its name as a reader sees it, and the version.
#}
{% macro champion_of(name) -%}
    (
        select model, {{ model_label("model") }} as model_label, version as model_version
        from {{ source("ml", "model_versions") }}
        where status = 'champion' and model = {{ sql_text(registry_name(name)) }}
    )
{%- endmacro %}
