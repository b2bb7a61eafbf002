"""Access as code: roles, row filters, dashboard access and users, in `bundle.yml` and over REST.

Superset's bundles do not contain them. An entry is an `Asset`, so plan, push, pull and prune handle
it like the other assets. `readers` and `database` have PostgreSQL enforce the row filters.
"""
