"""`plan`: git, Superset and the last push compared: what differs, and who changed it."""

import json
from collections.abc import Container
from dataclasses import dataclass, replace

from rich.markup import escape

from scripts.assets.access.passwords import outdated_passwords
from scripts.assets.model.asset import Asset, Bundle
from scripts.assets.model.diff import Change, readable_changes
from scripts.assets.model.merge import merge
from scripts.assets.sync.environments import run_for_each
from scripts.assets.sync.last_push import last_pushed
from scripts.assets.sync.state import read_both
from scripts.console import console, say
from scripts.settings import Settings

CREATE, UPDATE, DELETE, PULL = "create", "update", "delete", "pull"
# The origin of a difference that neither git nor Superset made.
SETTINGS = "changed in .env or the overlay since the last push"
# For each action: the sign, its colour, and the text of the count.
SIGNS = {
    CREATE: ("+", "green", "to create"),
    UPDATE: ("~", "yellow", "to update"),
    DELETE: ("-", "red", "to delete by prune"),
    PULL: ("<", "cyan", "in Superset alone"),
}


@dataclass(frozen=True)
class Step:
    """One asset that differs between git and Superset."""

    action: str
    asset: Asset
    origin: str
    changes: tuple[Change, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The step as JSON data; values as readable text."""
        return {
            "action": self.action,
            "kind": self.asset.kind,
            "title": self.asset.title,
            "uuid": self.asset.uuid,
            "who": self.origin,
            "changes": [str(change) for change in self.changes],
        }


def plan(every: list[Settings], form: str = "text") -> int:
    """Print the differences of each environment (text, json or markdown); returns the exit code."""
    items: list[dict[str, object]] = []

    def compare_one(settings: Settings) -> tuple[str, int]:
        steps = read_steps(settings)
        if form == "json":
            where = {"environment": settings.environment} if len(every) > 1 else {}
            items.extend(where | step.as_json() for step in steps)
        else:
            {"text": _text, "markdown": _markdown}[form](steps)
        return _counts(steps) or "no difference", 2 if steps else 0

    code = run_for_each(every, compare_one, quiet=form == "json")
    if form == "json":
        say(json.dumps(items, ensure_ascii=False, indent=2))
    return code


def read_steps(settings: Settings) -> list[Step]:
    """The differences between git and the Superset of these settings."""
    git, state = read_both(settings, pushing=True)
    state.load()
    steps = compare(git, state.managed, last_pushed(settings), state.previously_managed)
    steps = _with_changed_values(steps, git, state.changed_values)
    steps += [
        Step(UPDATE, user, "changed in .env", (Change("password", "the one set last", "another"),))
        for user in outdated_passwords(git.only({entry.uuid for entry in state.entries}), settings)
    ]
    return steps


def _with_changed_values(
    steps: list[Step], git: Bundle, changed_values: dict[str, tuple[Change, ...]]
) -> list[Step]:
    """The steps with the fields that differ because the settings changed since the last push."""
    merged = []
    for step in steps:
        changes = changed_values.get(step.asset.uuid, ())
        origin = f"{step.origin}, {SETTINGS}" if changes else step.origin
        merged.append(replace(step, origin=origin, changes=step.changes + changes))
    others = changed_values.keys() - {step.asset.uuid for step in steps}
    return merged + [
        Step(UPDATE, asset, SETTINGS, changed_values[asset.uuid])
        for asset in git
        if asset.uuid in others
    ]


def compare(
    git: Bundle, server: Bundle, pushed: Bundle | None, previously_managed: Container[str] = ()
) -> list[Step]:
    """The actions of push, prune and pull, and the side on which each difference arose.

    `previously_managed`: identities that the repository manages or has managed.
    """
    steps, titles = [], server.titles() | git.titles()
    for asset in git:
        remote, base = server.get(asset.uuid), pushed.get(asset.uuid) if pushed else None
        if remote is None:
            steps.append(Step(CREATE, asset, "deleted in Superset" if base else "new in git"))
        elif remote.data != asset.data:
            fields = readable_changes(remote, asset, titles)
            steps.append(Step(UPDATE, asset, _origin(asset, remote, base), fields))
    for remote in server:
        if remote.uuid not in git:
            is_removed = remote.uuid in previously_managed or (
                pushed is not None and remote.uuid in pushed
            )
            action, origin = (
                (DELETE, "removed from git") if is_removed else (PULL, "new in Superset")
            )
            base = pushed.get(remote.uuid) if pushed else None
            if is_removed and base and base.data != remote.data:
                origin = "removed from git, changed in Superset since the last push"
            steps.append(Step(action, remote, origin))
    return steps


def _origin(local: Asset, remote: Asset, base: Asset | None) -> str:
    if base is None:
        return "no push from here is known"
    if remote.data == base.data:
        return "changed in git"
    if local.data == base.data:
        return "changed in Superset since the last push"
    conflicts = merge(base.data, local.data, remote.data)[1]
    return f"both: conflict in {', '.join(conflicts)}" if conflicts else "changed in both"


def _advice(step: Step) -> str:
    if step.action == DELETE:
        return "delete by prune: it stays in Superset until YES=1 make prune"
    if step.action == PULL:
        return "make pull takes it into git"
    return ""


def _lines(step: Step) -> list[str]:
    """The changed fields as text; none for a new asset."""
    layout = [change for change in step.changes if change.field.startswith("position.")]
    lines = [str(change) for change in step.changes if change not in layout]
    if layout:
        parts = {change.field.split(".")[1] for change in layout}
        lines.append(f"layout: {len(parts)} component{'s' * (len(parts) != 1)}")
    return lines + ([_advice(step)] if _advice(step) else [])


def _text(steps: list[Step]) -> None:
    for step in steps:
        sign, colour, _ = SIGNS[step.action]
        title, origin = escape(str(step.asset)), escape(step.origin)
        console.print(f"[{colour}]{sign}[/] {title}  [dim]{origin}[/]")
        for line in _lines(step):
            say(f"    {line}")
    say(_count(steps))


def _markdown(steps: list[Step]) -> None:
    if steps:
        say("| | asset | who | fields |\n| --- | --- | --- | --- |")
    for step in steps:
        fields = "<br>".join(_cell(line) for line in _lines(step))
        say(f"| {step.action} | {_cell(str(step.asset))} | {_cell(step.origin)} | {fields} |")
    say(f"\n{_count(steps)}")


def _cell(text: str) -> str:
    """Text with the characters escaped that would end a table's cell."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _count(steps: list[Step]) -> str:
    if not steps:
        return "No difference: Superset is equal to git."
    return f"{_counts(steps)}. make push takes git's side, make pull Superset's."


def _counts(steps: list[Step]) -> str:
    counts = {action: sum(step.action == action for step in steps) for action in SIGNS}
    return ", ".join(f"{number} {SIGNS[action][2]}" for action, number in counts.items() if number)
