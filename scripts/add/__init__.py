"""`make add`: a table of the user becomes a model with its dbt files; `make remove` undoes it.

facts        what the database knows of each column
proposal     key, task, split and left-out columns, each with a reason
leaks        columns that alone predict the target
dbt_files    the files of the model, written from templates/
add, remove  the two commands' steps
"""
