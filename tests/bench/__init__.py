"""Measured against rivals in the same run: `make bench`.

A file here named bench_*.py registers comparisons with harness.compare(); nothing else is needed.
"""
