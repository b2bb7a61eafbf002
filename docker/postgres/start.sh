#!/bin/sh
# Creates the cluster at the first start; sets the superuser's password from the environment at each start.
set -eu
data=/var/lib/glasshouse/postgres
major=15

if [ -f "$data/PG_VERSION" ] && [ "$(cat "$data/PG_VERSION")" != "$major" ]; then
    echo "The volume holds data of PostgreSQL $(cat "$data/PG_VERSION"), and this image is PostgreSQL $major" >&2
    exit 3
fi
if [ ! -f "$data/PG_VERSION" ]; then
    # In a draft folder, so that an incomplete cluster never has the final name.
    rm -rf "$data.new"
    initdb --pgdata="$data.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums \
        --auth-local=peer --auth-host=scram-sha-256 > /dev/null
    mv "$data.new" "$data"
fi
cp /etc/glasshouse/pg_hba.conf "$data/pg_hba.conf"
cat /etc/glasshouse/server.conf /etc/glasshouse/container.conf > "$data/glasshouse.conf"
grep -q "^include = 'glasshouse.conf'" "$data/postgresql.conf" || echo "include = 'glasshouse.conf'" >> "$data/postgresql.conf"
rm -f "$data/postmaster.pid"
# On standard input, so that no list of processes shows it; quotes are doubled for SQL.
printf "alter role postgres password '%s';\n" "$(printf %s "$POSTGRES_PASSWORD" | sed "s/'/''/g")" \
    | postgres --single -D "$data" -c log_min_messages=error -c log_statement=none postgres > /dev/null
unset POSTGRES_PASSWORD
exec postgres -D "$data"
