"""Runs before the Python environment exists, so it imports the standard library only.

It runs on Python 3.9 and later, because the system's Python starts it.
"""


class BootstrapError(Exception):
    """A problem that the user can solve: what is wrong, and the remedy."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. Do: {remedy}.")
        self.problem = problem
        self.remedy = remedy
