"""Plan, push, pull and prune: git, Superset and the last push compared."""
