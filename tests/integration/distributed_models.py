"""A dbt project whose tables are distributed on a cluster, and ordinary on a single server."""

from pathlib import Path

from tests.conftest import Warehouse
from tests.integration.dbt_project import DEVELOPER, DbtProject

FEATURES, PREDICTIONS = f"{DEVELOPER}_features", f"{DEVELOPER}_predictions"
FILES = {
    "features/feat_rows": """
        {{ config(distributed_by="id") }}
        select i::bigint as id, sin(i) as a, cos(i * 0.7) as b, i % 3 as region,
            case when sin(i) + 0.3 * cos(i * 7.3) > 0 then 'high' else 'low' end as level
        from generate_series(1, 240) as i
    """,
    "features/feat_regions": """
        {{ config(reference_table=true) }}
        select region, count(*) as n from {{ ref("feat_rows") }} group by region
    """,
    "features/feat_grown": """
        {{ config(materialized="incremental", unique_key="id", distributed_by="id") }}
        select rows.id, rows.a + {{ var("shift", 0) }} as a, regions.n
        from {{ ref("feat_rows") }} as rows
        join {{ ref("feat_regions") }} as regions on regions.region = rows.region
    """,
    "ml/level": """
        {{ config(task="classification", target="level", key="id", algorithms=["decision_tree"],
            options={"importance_repeats": 0, "bootstrap": 100, "folds": 2, "dependence": 0}) }}
        select id, a, b, level from {{ ref("feat_rows") }}
    """,
    "predictions/pred_level": """
        {{ config(materialized="ml_predictions") }}
        {{ predict_into(ref("level"), ref("feat_rows")) }}
    """,
}
# Rows of the predictions, and those that differ from what ml.predict says.
COMPARISON = f"""
    select count(*), count(*) filter (
        where (stored.prediction, stored.score) is distinct from (other.prediction, other.score)
    )
    from {PREDICTIONS}.pred_level as stored
    full join ml.predict('{DEVELOPER}.level', 'select * from {FEATURES}.feat_rows') as other
        on other.key = stored.id::text
"""
GROWN = f"select count(*), count(distinct id), sum(n) from {FEATURES}.feat_grown"


def distributed_project(warehouse: Warehouse, root: Path) -> DbtProject:
    """The project, not yet built."""
    project = DbtProject(warehouse, root)
    for name, text in FILES.items():
        project.write(f"models/{name}.sql", text)
    return project
