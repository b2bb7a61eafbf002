"""Names of columns in a vault that an earlier version built.

The vault is never built anew from the sources, because it holds history that these no longer have.
A renamed column is therefore renamed in place.
"""

from contextlib import closing

import psycopg2

from scripts.settings import Settings

# Version 0.2 renamed the time from which a row counts.
RENAME = """
do $$
declare
    stored regclass;
begin
    for stored in
        select attrelid::regclass from pg_attribute join pg_class on pg_class.oid = attrelid
        where relnamespace = to_regnamespace('vault') and relkind = 'r'
            and relname ~ '^(hub|link|sat)_' and attname = 'known_at' and not attisdropped
    loop
        execute format('alter table %s rename column known_at to valid_from', stored);
    end loop;
end
$$
"""


def upgrade_vault(settings: Settings) -> None:
    """Rename columns of hubs, links and satellites that have the names of an earlier version."""
    with (
        closing(psycopg2.connect(**settings.dsn("transformer"))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(RENAME)
