"""The one kind of error people see: what happened, and what to do next."""

import click


class UserError(click.ClickException):
    """A problem its reader can solve; shown as one line, without a traceback."""

    exit_code = 1

    def __init__(self, what: str, do: str = "") -> None:
        self.what = " ".join(what.split()).rstrip(".")
        self.do = " ".join(do.split()).rstrip(".")
        super().__init__(self.line)

    @property
    def line(self) -> str:
        """The whole message, as it is printed."""
        return f"{self.what}. Do: {self.do}." if self.do else f"{self.what}."

    def show(self, file=None) -> None:
        """Print the message in red on standard error (click calls this)."""
        click.secho(f"Error: {self.line}", fg="red", err=True, file=file)
