"""Work on the nodes of a Citus cluster."""
