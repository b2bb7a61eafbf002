"""What runs before there is an environment: the standard library alone, nothing else."""


class Problem(Exception):
    """Something its reader can solve: what happened, and what to do next."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(f"{what}. Do: {do}.")
        self.what = what
        self.do = do
