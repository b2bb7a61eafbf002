"""The child process of process.py: parses the dbt project once, then runs dbt commands.

Its first argument is written into the file `fingerprint` beside the manifest, the others are the
options of `dbt parse`. Each line of standard input is a JSON object with the
`arguments` and the `environment` of a command. After the output of the command it prints
END_OF_COMMAND and the exit code: 0 success, 1 a node failed, 2 dbt could not run.
"""

import json
import os
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

# No other module imports this one: importing dbt takes two seconds.
from scripts.stack.dbt.process import END_OF_COMMAND
from scripts.stack.dbt.sessions import keep_sessions

# Identifies the files that the manifest in the same folder was made from.
FINGERPRINT = "fingerprint"


def main() -> None:
    """Parse, then run commands until standard input ends."""
    files_hash, *options = sys.argv[1:]
    keep_sessions()
    target = Path(os.environ["DBT_TARGET_PATH"])
    (target / FINGERPRINT).unlink(missing_ok=True)
    parsing = dbtRunner().invoke(["parse", "--quiet", *options])
    if parsing.success:
        (target / FINGERPRINT).write_text(files_hash)
    for line in sys.stdin:
        command = json.loads(line)
        os.environ.clear()
        os.environ.update(command["environment"])
        result = parsing
        if isinstance(parsing.result, Manifest):
            # dbt writes compiled SQL into the manifest, so each command gets a copy.
            manifest = parsing.result.deepcopy()
            result = dbtRunner(manifest=manifest).invoke(command["arguments"])
        if result.exception:
            print(result.exception)
        print(f"{END_OF_COMMAND}{exit_code(result)}", flush=True)


def exit_code(result: dbtRunnerResult) -> int:
    """The exit code that the program dbt would have."""
    if result.success:
        return 0
    return 2 if result.exception else 1


if __name__ == "__main__":
    main()
