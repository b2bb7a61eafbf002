{#
    All constraints on the rows of a table in one statement: dbt needs longer to start a test than
    PostgreSQL needs for most of them, and the table is read once.

    keys: a column, or a list of columns that together identify one row (NULL is a value like others);
    never_missing: columns that are never NULL; between: `column: [low, high]`; one_of: `column:
    [values]`. NULL passes the last two. Returns one row for each broken constraint: the number of the
    rule (macros/tests/row_constraint_rules.sql), the problem, and the number of its rows.
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
        {%- set number = loop.index -%}
        {%- for problem, condition in rule.broken.items() -%}
            {%- do broken.append([number, sql_text(problem), condition]) -%}
        {%- endfor -%}
        {%- for problem, columns in rule.repeated.items() -%}
            {%- do repeated.append([number, sql_text(problem), columns]) -%}
        {%- endfor -%}
    {%- endfor -%}

    {%- if not broken and not repeated -%}
        {%- do exceptions.raise_compiler_error(
            "row_constraints of " ~ model ~ " has no arguments"
        ) -%}
    {%- endif -%}

    {%- if broken %}
        select problems.rule, problems.problem, problems.rows
        from
            (
                select
                    {% for rule, problem, condition in broken -%}
                        count(*) filter (where {{ condition }}) as problem_{{ loop.index }}
                        {{- "," if not loop.last }}
                    {% endfor %}
                from {{ model }}
            ) as counted
        cross join
            lateral
            (
                values
                    {% for rule, problem, condition in broken -%}
                        ({{ rule }}, {{ problem }}, counted.problem_{{ loop.index }})
                        {{- "," if not loop.last }}
                    {% endfor %}
            ) as problems(rule, problem, rows)
        where problems.rows > 0
    {% endif -%}

    {%- for rule, problem, columns in repeated %}
            {{ "union all" if broken or not loop.first }}
        select {{ rule }} as rule, {{ problem }} as problem, count(*) as rows
        from (select 1 from {{ model }} group by {{ columns }} having count(*) > 1) as repeated
        having count(*) > 0
    {% endfor -%}
{% endtest %}
