#!/bin/sh
# The worker's health check: does it answer over the queue? Celery alone, for Superset takes seconds to load.
exec celery --broker="$SUPERSET_REDIS_URL/0" inspect ping --timeout=10 --destination="celery@$(hostname)" > /dev/null
