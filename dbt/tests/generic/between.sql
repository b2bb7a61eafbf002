{# Fails for each row whose value lies outside [low, high]. NULLs pass: not_null is a test of its own. #}
{% test between(model, column_name, low, high) %}

    select {{ column_name }}
    from {{ model }}
    where {{ column_name }} not between {{ low }} and {{ high }}

{% endtest %}
