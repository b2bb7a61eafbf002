#!/bin/sh
# Writes the passwords with which a node logs in to the others, then starts the server of the image.
set -eu
umask 077
: > "$PGPASSFILE"
add() {
    printf '*:*:*:%s:%s\n' "$1" "$(printf %s "$2" | sed 's/[\\:]/\\&/g')" >> "$PGPASSFILE"
}
add postgres "$POSTGRES_PASSWORD"
add transformer "$TRANSFORMER_PASSWORD"
add dashboard "$DASHBOARD_PASSWORD"
add analyst "$ANALYST_DB_PASSWORD"
# Logins with row filters share a password. libpq takes the first line that fits.
add '*' "$ROW_FILTER_PASSWORD"
exec docker-entrypoint.sh "$@" -c jit=off -c citus.shard_count=8 -c citus.enable_statistics_collection=off
