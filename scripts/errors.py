"""The error that users see: one line with the problem and the remedy."""

from typing import IO, Any

import click


class UserError(click.ClickException):
    """A problem that the user can solve; printed as one line, without a traceback."""

    def __init__(self, problem: str, remedy: str = "", exit_code: int = 1) -> None:
        # click declares it for the class alone.
        self.exit_code = exit_code  # type: ignore[misc]
        self.problem = " ".join(problem.split()).rstrip(".")
        self.remedy = " ".join(remedy.split()).rstrip(".")
        super().__init__(self.line)

    @property
    def line(self) -> str:
        """The whole message, as it is printed."""
        return f"{self.problem}. Do: {self.remedy}." if self.remedy else f"{self.problem}."

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message in red on standard error (click calls this)."""
        click.secho(f"Error: {self.line}", fg="red", err=True, file=file)
