"""ml.measure: metrics, curves and intervals for any table of predictions."""
