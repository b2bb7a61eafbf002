{#
    What the test row_constraints asks of a table, from its arguments: a list of rules. Each has its
    number, its kind, the column it is about (none where there are several), what holds in words,
    and what is wrong, in words, where it does not: `broken` gives the SQL condition of such a row,
    `repeated` the columns that more than one row shares. The test asks them; the page of tests shows
    them one by one.
#}
{% macro row_constraint_rules(arguments) -%}
    {%- set rules = [] -%}
    {%- for key in arguments.get("keys", []) -%}
        {%- set columns = [key] if key is string else key -%}
        {%- set quoted = [] -%}
        {%- for column in columns -%} {%- do quoted.append(adapter.quote(column)) -%} {%- endfor -%}
        {%- do rules.append(
            {
                "kind": "keys",
                "words": (
                    " is never there twice"
                    if key is string
                    else " together name one row"
                ),
                "columns": columns,
                "broken": {},
                "repeated": {
                    columns | join(", ") ~ " stands in more than one row": quoted
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
                "words": are ~ " never missing",
                "columns": columns,
                "broken": broken,
            }
        ) -%}
    {%- endif -%}
    {%- for column, ends in arguments.get("between", {}).items() -%}
        {%- set range = "between " ~ ends[0] ~ " and " ~ ends[1] -%}
        {%- set outside = adapter.quote(column) ~ " not " ~ range -%}
        {%- do rules.append(
            {
                "kind": "between",
                "words": " lies " ~ range,
                "columns": [column],
                "broken": {column ~ " does not lie " ~ range: outside},
            }
        ) -%}
    {%- endfor -%}
    {%- for column, values in arguments.get("one_of", {}).items() -%}
        {%- set texts = [] -%}
        {%- for value in values -%} {%- do texts.append(sql_text(value)) -%} {%- endfor -%}
        {%- set others = adapter.quote(column) ~ " not in (" ~ texts | join(", ") ~ ")" -%}
        {%- do rules.append(
            {
                "kind": "one_of",
                "words": " is one of the agreed words",
                "columns": [column],
                "broken": {column ~ " is not one of the agreed words": others},
            }
        ) -%}
    {%- endfor -%}
    {%- for rule in rules -%}
        {%- do rule.update(
            {
                "number": loop.index,
                "column": rule.columns[0] if rule.columns | length == 1 else none,
                "words": rule.columns | join(", ") ~ rule.words,
                "repeated": rule.get("repeated", {}),
            }
        ) -%}
    {%- endfor -%}
    {{- return(rules) -}}
{%- endmacro %}
