#!/bin/sh
# The health check. A server without PL/Python would answer just as well, and the functions would not.
query="select name from pg_available_extensions where name = 'plpython3u'"
test "$(psql -XAtqc "$query" postgres)" = plpython3u
