"""Data into the warehouse: any CSV file, and the sample that comes with the house."""
