"""The shop: its schema, and what fills it."""
