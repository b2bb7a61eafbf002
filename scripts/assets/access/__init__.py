"""Who may see what, as code: roles, row filters, the doors of dashboards, and users.

Superset's bundles leave all of it out, so it stands in `bundle.yml` and goes over REST. An entry is
an `Asset` like any other, which is why plan, push, pull and prune treat it like the rest.
"""
