"""Refreshes: for schedulers, when rows arrive, and of a recorded history; and their webhook."""
