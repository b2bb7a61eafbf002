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
        {%- set repeated = {names ~ " stands in more than one row": quoted_names(columns)} -%}
        {%- do rules.append(rule_of("keys", columns, names ~ are_one, {}, repeated)) -%}
    {%- endfor -%}
    {%- set columns = arguments.get("never_missing", []) -%}
    {%- if columns -%}
        {%- set broken = {} -%}
        {%- for column in columns -%}
            {%- do broken.update({column ~ " is missing": adapter.quote(column) ~ " is null"}) -%}
        {%- endfor -%}
        {%- set are = " are" if columns | length > 1 else " is" -%}
        {%- set statement = columns | join(", ") ~ are ~ " never missing" -%}
        {%- do rules.append(rule_of("never_missing", columns, statement, broken)) -%}
    {%- endif -%}
    {%- for column, ends in arguments.get("between", {}).items() -%}
        {%- set range = "between " ~ ends[0] ~ " and " ~ ends[1] -%}
        {%- set problem = column ~ " does not lie " ~ range -%}
        {%- set broken = {problem: adapter.quote(column) ~ " not " ~ range} -%}
        {%- do rules.append(rule_of("between", [column], column ~ " lies " ~ range, broken)) -%}
    {%- endfor -%}
    {%- for column, values in arguments.get("one_of", {}).items() -%}
        {%- set accepted = values | map("string") | map("replace", "'", "''") | join("', '") -%}
        {%- set condition = adapter.quote(column) ~ " not in ('" ~ accepted ~ "')" -%}
        {%- set broken = {column ~ " is not one of the accepted values": condition} -%}
        {%- set statement = column ~ " is one of the accepted values" -%}
        {%- do rules.append(rule_of("one_of", [column], statement, broken)) -%}
    {%- endfor -%}
    {{- return(rules) -}}
{%- endmacro %}


{% macro rule_of(kind, columns, statement, broken, repeated={}) -%}
    {%- set column = columns[0] if columns | length == 1 else none -%}
    {{-
        return(
            dict(
                kind=kind, column=column, statement=statement, broken=broken, repeated=repeated
            )
        )
    -}}
{%- endmacro %}


{# Names of columns as SQL writes them, with commas. #}
{% macro quoted_names(columns) -%}
    {%- for column in columns %} {{ adapter.quote(column) }}{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro %}
