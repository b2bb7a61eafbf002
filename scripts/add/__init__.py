"""`make add`: a table of the user becomes a model with its dbt files, and what follows from it.

facts        what the database knows of each column
proposal     key, task, split and left-out columns, each with a reason
leaks        columns that alone predict the target
dbt_files    the files of the model
rendering    the templates of these files, and how names are quoted
outcome      what is printed after the build
submission   predictions of unlabelled rows as a file; submission_columns: what its columns hold
features     feature files by several people
contest      what each of them adds; comparison: what a branch changes
add, remove  the steps of these two commands
"""
