"""Dataclasses, protocols and errors that several layers share."""
