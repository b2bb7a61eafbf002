"""Loads CSV files, and the sample table of a new installation, into the warehouse."""
