{#
    The registry `ml.*` is one for all; a developer's models carry the
    developer's name before a dot, so that nobody replaces another's champion.
#}
{% macro registry_name(name) -%}
    {{- name if developer_prefix() == "" else target.schema ~ "." ~ name -}}
{%- endmacro %}

{# Whether a registry row belongs to this target. #}
{% macro is_own_model(column) -%}
    {%- if developer_prefix() == "" -%} {{ column }} not like '%.%'
    {%- else -%} {{ column }} like {{ sql_text(target.schema ~ ".%") }}
    {%- endif -%}
{%- endmacro %}

{#
    The champions' rows of one registry table, as a sub-select.

    dbt cannot see which model wrote which registry row, so each report that
    reads the registry waits for every model named in `trained_models`.
#}
{% macro of_champions(table) -%}
    {%- do wait_for_gates() -%}
    {%- for name in var("trained_models") -%} {%- do ref(name) -%} {%- endfor -%}
    (
        select facts.*
        from {{ source("ml", table) }} as facts
        inner join
            {{ source("ml", "model_versions") }} as champions
            on champions.model = facts.model
            and champions.version = facts.version
        where champions.status = 'champion' and {{ is_own_model("champions.model") }}
    )
{%- endmacro %}

{# The same of every version, the retired ones included: for reports that look back. #}
{% macro of_all_versions(table) -%}
    {%- do wait_for_gates() -%}
    {%- for name in var("trained_models") -%} {%- do ref(name) -%} {%- endfor -%}
    (select facts.* from {{ source("ml", table) }} as facts where {{ is_own_model("facts.model") }})
{%- endmacro %}

{#
    A failed test stops only those nodes that depend on everything the test reads. So whatever
    must not be built behind a closed gate depends on what the gates read.
#}
{% macro wait_for_gates() -%}
    {%- do source("ml", "metrics") -%} {%- do ref("metric_labels") -%}
{%- endmacro %}
