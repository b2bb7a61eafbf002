"""A process of dbt that has parsed the project and runs one command after another."""
