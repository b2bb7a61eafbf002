"""The tables that a dataset reads."""

from scripts.assets.model.asset import Asset


def tables_of(dataset: Asset) -> set[tuple[str, str]]:
    """The tables (schema, name) behind a dataset: its own, or those that its SQL names."""
    schema = dataset.data.get("schema") or ""
    if not dataset.data.get("sql"):
        return {(schema, dataset.title)}
    # Imported here, because it is slow to import and few datasets have their own SQL.
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        trees = sqlglot.parse(dataset.data["sql"], dialect="postgres")
    except SqlglotError:
        return set()  # a template or invalid: the query reports it
    cte_names = {cte.alias for tree in trees if tree for cte in tree.find_all(exp.CTE)}
    tables = [table for tree in trees if tree for table in tree.find_all(exp.Table)]
    return {
        (table.db or schema, table.name)
        for table in tables
        if table.db or table.name not in cte_names
    }
