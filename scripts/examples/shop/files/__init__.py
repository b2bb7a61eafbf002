"""Shops in CSV files: copied into temporary tables, from which an SQL script fills the shop."""
