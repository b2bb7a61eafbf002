"""Measures: metrics, intervals, curves, distributions, correlations, residuals, segments."""
