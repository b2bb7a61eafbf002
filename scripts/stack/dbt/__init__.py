"""Runs dbt: a process that has parsed the project, and builds without rejected versions."""
