{#
    The rules that the test row_constraints checks, from its arguments. Each has its kind, the column it
    is about (none if there are several), a statement that holds if it passes, and for each problem a
    text and SQL: `broken`: {problem: condition of a broken row}, `repeated`: {problem: the columns
    that more than one row shares}. The page of tests shows them one by one.
#}
{% macro row_constraint_rules(arguments) -%}
    {%- set rules = [] -%}
    {%- for key in arguments.get("keys", []) -%}
        {%- set columns = [key] if key is string else key -%}
        {%- set names = columns | join(", ") -%}
        {%- set are_one = " is never there twice" if key is string else " together name one row" -%}
        {%- do rules.append(
            {
                "kind": "keys",
                "columns": columns,
                "statement": names ~ are_one,
                "repeated": {
                    names ~ " stands in more than one row": quoted_names(columns)
                },
            }
        ) -%}
    {%- endfor -%}
    {%- set columns = arguments.get("never_missing", []) -%}
    {%- if columns -%}
        {%- set broken = {} -%}
        {%- for column in columns -%}
            {%- do broken.update({column ~ " is missing": adapter.quote(column) ~ " is null"}) -%}
        {%- endfor -%}
        {%- set are = " are" if columns | length > 1 else " is" -%}
        {%- do rules.append(
            {
                "kind": "never_missing",
                "columns": columns,
                "statement": columns | join(", ") ~ are ~ " never missing",
                "broken": broken,
            }
        ) -%}
    {%- endif -%}
    {%- for column, ends in arguments.get("between", {}).items() -%}
        {%- set range = "between " ~ ends[0] ~ " and " ~ ends[1] -%}
        {%- do rules.append(
            {
                "kind": "between",
                "columns": [column],
                "statement": column ~ " lies " ~ range,
                "broken": {
                    column
                    ~ " does not lie "
                    ~ range: adapter.quote(column)
                    ~ " not "
                    ~ range
                },
            }
        ) -%}
    {%- endfor -%}
    {%- for column, values in arguments.get("one_of", {}).items() -%}
        {%- set accepted = values | map("string") | map("replace", "'", "''") | join("', '") -%}
        {%- do rules.append(
            {
                "kind": "one_of",
                "columns": [column],
                "statement": column ~ " is one of the accepted values",
                "broken": {
                    column
                    ~ " is not one of the accepted values": adapter.quote(column)
                    ~ " not in ('"
                    ~ accepted
                    ~ "')"
                },
            }
        ) -%}
    {%- endfor -%}
    {%- for rule in rules -%}
        {%- do rule.update(column=rule.columns[0] if rule.columns | length == 1 else none) -%}
    {%- endfor -%}
    {{- return(rules) -}}
{%- endmacro %}


{# Names of columns as SQL writes them, with commas. #}
{% macro quoted_names(columns) -%}
    {%- for column in columns %} {{ adapter.quote(column) }}{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro %}
