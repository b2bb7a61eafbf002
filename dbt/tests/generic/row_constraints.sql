{#
    All constraints on the rows of a table in one statement: dbt needs longer to start a test than
    PostgreSQL needs for most of them, and the table is read once.

    keys: a column, or a list of columns that together identify one row (NULL is a value like others);
    never_missing: columns that are never NULL; between: `column: [low, high]`; one_of: `column:
    [values]`. NULL passes the last two. Returns one row for each broken constraint: the number of the
    rule (macros/tests/row_constraint_rules.sql), what is wrong, and in how many rows.
#}
{% test row_constraints(model, keys=[], never_missing=[], between={}, one_of={}) %}
    {%- set broken, repeated = [], [] -%}
    {%- set arguments = {
        "keys": keys,
        "never_missing": never_missing,
        "between": between,
        "one_of": one_of,
    } -%}
    {%- for rule in row_constraint_rules(arguments) -%}
        {%- for what, condition in rule.broken.items() -%}
            {%- do broken.append([rule.number, sql_text(what), condition]) -%}
        {%- endfor -%}
        {%- for what, columns in rule.repeated.items() -%}
            {%- do repeated.append([rule.number, sql_text(what), columns]) -%}
        {%- endfor -%}
    {%- endfor -%}

    {%- if not broken and not repeated -%}
        {%- do exceptions.raise_compiler_error(
            "row_constraints of " ~ model ~ " has no arguments"
        ) -%}
    {%- endif -%}

    {%- if broken %}
        select ways.rule, ways.what, ways.rows
        from
            (
                select
                    {% for rule, what, condition in broken -%}
                        count(*) filter (where {{ condition }}) as way_{{ loop.index }}
                        {{- "," if not loop.last }}
                    {% endfor %}
                from {{ model }}
            ) as counted
        cross join
            lateral
            (
                values
                    {% for rule, what, condition in broken -%}
                        ({{ rule }}, {{ what }}, counted.way_{{ loop.index }})
                        {{- "," if not loop.last }}
                    {% endfor %}
            ) as ways(rule, what, rows)
        where ways.rows > 0
    {% endif -%}

    {%- for rule, what, columns in repeated %}
            {{ "union all" if broken or not loop.first }}
        select {{ rule }} as rule, {{ what }} as what, count(*) as rows
        from
            (
                select 1 from {{ model }} group by {{ columns | join(", ") }} having count(*) > 1
            ) as repeated
        having count(*) > 0
    {% endfor -%}
{% endtest %}
