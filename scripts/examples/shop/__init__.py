"""The example shop: its schema, and the sources that fill it."""
