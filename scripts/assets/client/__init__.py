"""Programs and servers that the sync talks to: Superset's REST API, preset-cli, the browser."""
