"""One module per task, and the registry that finds a task by its name."""
