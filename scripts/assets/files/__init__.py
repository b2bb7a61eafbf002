"""Assets as files: the bundle folder, YAML text, managed assets, dbt's manifest beside them."""
