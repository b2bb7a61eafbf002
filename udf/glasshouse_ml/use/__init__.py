"""Functions that use a trained model: predict, explain, evaluate, drift, profile, sql_export."""
