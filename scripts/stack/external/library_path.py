"""How PL/Python finds the engine where the environment of the server does not say it.

Each PL/Python function then begins with Python statements that name the folder. So an existing
server needs neither a setting nor a restart, and functions of others see nothing of it.
"""

from scripts.stack.native.database import THREADS


def path_statements(folder: str) -> str:
    """Python statements that make the packages in `folder` importable; empty without a folder."""
    if not folder:
        return ""
    variables = "".join(
        f"    os.environ.setdefault({name!r}, {value!r})\n" for name, value in THREADS.items()
    )
    return (
        "import os\nimport sys\n\n"
        f"if {folder!r} not in sys.path:\n{variables}    sys.path.insert(0, {folder!r})\n"
    )
