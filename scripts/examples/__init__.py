"""Example data sources. Only `make up` and the commands of the examples use them."""
