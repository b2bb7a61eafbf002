"""The rules of `make check` and what they report."""
