{# The statement of a test: it can run on a cluster, and a failure is a warning where nothing is rejected. #}
{% macro postgres__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
    {%- set limit_of_errors = "< 0" if keeps_champion(model) else error_if -%}
    {{-
        dbt.default__get_test_sql(
            gathered(main_sql), fail_calc, warn_if, limit_of_errors, limit
        )
    -}}
{%- endmacro %}
