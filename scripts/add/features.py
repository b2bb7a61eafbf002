"""`make feature`: a feature file of a model, which is an open task until its status is removed."""

from contextlib import closing

import psycopg2

from scripts.add.dbt_files import require_rows
from scripts.add.remove import files_of
from scripts.add.rendering import render, sql_keywords, sql_name
from scripts.console import say
from scripts.data.names import require_name
from scripts.errors import UserError
from scripts.settings import Settings
from scripts.stack.build import build
from scripts.stack.interface import Stack

LATEST = """
    select key, target from ml.model_versions where model = %s order by version desc limit 1
"""
REPORT = "rpt_feature_files"


def create_feature(settings: Settings, stack: Stack, name: str, feature: str, owner: str) -> None:
    """Write the two files of a feature, build them, and list them as an open task."""
    schema, _ = files_of(settings.root, name)
    require_rows(settings.root, name, schema)
    feature = require_name(feature, "feature")
    model = f"feat_{name}__{feature}"
    folder = settings.root / "dbt" / "models" / "features"
    if feature in ("base", "all") or (folder / name / f"{model}.sql").exists():
        raise UserError(f"The model {name} already has {model}", "choose another name: FEATURE=…")
    with closing(psycopg2.connect(**settings.dsn("transformer"))) as connection:
        cursor = connection.cursor()
        cursor.execute(LATEST, [name])
        row = cursor.fetchone()
        keywords = sql_keywords(cursor)
    if not row:
        raise UserError(f"The model {name} was never trained", f"make build SELECT={name}")
    key, target = row
    texts = feature_texts(name, schema, feature, owner, key, target or "", keywords)
    (folder / name).mkdir(parents=True, exist_ok=True)
    for suffix, text in texts.items():
        path = folder / name / f"{model}.{suffix}"
        path.write_text(text, encoding="utf-8")
        say(f"  wrote     {path.relative_to(settings.root)}")
    build(settings, stack, (model, REPORT), show=False)
    say(f"It is an open task of {owner} on the page Features and owners. Next steps:")
    say(f"  1. Write the expression in dbt/models/features/{name}/{model}.sql.")
    say("  2. Remove the status in the .yml file, and describe the columns there.")
    say(f"  3. make build SELECT={model}+, then make contest NAME={name}.")


def feature_texts(
    name: str,
    schema: str,
    feature: str,
    owner: str,
    key: str,
    target: str,
    keywords: frozenset[str],
) -> dict[str, str]:
    """The two files of a feature by suffix. `keywords`: the words that SQL reserves."""
    values = {
        "name": name,
        "schema": schema,
        "feature": feature,
        "feature_sql": sql_name(feature, keywords),
        "owner": owner,
        "key": key,
        "key_sql": sql_name(key, keywords),
        "target": target,
        "label": f"{feature[:1].upper()}{feature[1:].replace('_', ' ')}.",
    }
    return {suffix: render(f"feature.{suffix}", values) for suffix in ("yml", "sql")}
