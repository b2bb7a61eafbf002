"""Checks of a training: problems of data, split and scores that a reviewer would point out."""
