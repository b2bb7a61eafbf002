"""`watch`: pushes each saved file to Superset."""

import threading
import time
from datetime import datetime

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from scripts.assets.checks.static import valid_bundle
from scripts.assets.files.bundle import FOLDER, SUFFIXES
from scripts.assets.model.asset import Bundle
from scripts.assets.model.diff import differences
from scripts.assets.sync.push import push, push_changed
from scripts.console import console, say
from scripts.errors import UserError
from scripts.settings import Settings

# An editor saves in several steps and a branch switch writes many files, so wait for the last.
QUIET_SECONDS = 0.2


class _Saves(FileSystemEventHandler):
    """Sets an event when a file was saved."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Any change to a YAML file or to the theme counts; that a file was read does not."""
        paths = (str(event.src_path), str(event.dest_path))
        if event.event_type in ("created", "modified", "moved", "deleted") and any(
            path.endswith(SUFFIXES) for path in paths
        ):
            self.event.set()

    def wait(self) -> None:
        """Wait until a file was saved and no other save follows for a moment."""
        # With a timeout, or Ctrl+C would not get through.
        while not self.event.wait(60):
            continue
        while self.event.is_set():
            self.event.clear()
            time.sleep(QUIET_SECONDS)


def watch(settings: Settings) -> None:
    """Push all differences, then each saved file, until Ctrl+C; an invalid file is one line."""
    saves = _Saves()
    observer = Observer()
    # Started before the first push, so that saves during it are noticed.
    observer.schedule(saves, str(settings.root / FOLDER), recursive=True)
    observer.start()
    try:
        pushed = _push_all(settings)
        say(f"Watching {FOLDER}; Ctrl+C ends it.")
        while True:
            saves.wait()
            pushed = _push_saved(pushed, settings)
    except KeyboardInterrupt:
        say("Stopped.")
    finally:
        observer.stop()
        observer.join()


def _push_all(settings: Settings) -> Bundle:
    """Push all differences; returns the pushed bundle, empty where a file is invalid."""
    try:
        pushed = valid_bundle(settings.root)
    except UserError as error:
        _report_error(error)
        return Bundle()
    push(settings)
    return pushed


def _push_saved(pushed: Bundle, settings: Settings) -> Bundle:
    """Push what differs from the last pushed bundle; returns the new one."""
    started = time.monotonic()
    try:
        current = valid_bundle(settings.root)
        changed = {each.asset.uuid for each in differences(pushed, current) if each.new}
        changes = push_changed(changed, settings) if changed else []
    except UserError as error:
        _report_error(error)
        return pushed  # the next save tries again
    for difference in changes:
        say(f"{_clock()} ✓ {difference}  ({time.monotonic() - started:.1f} s)")
    return current


def _report_error(error: UserError) -> None:
    console.print(f"{_clock()} ✗ {error.line}", style="red", markup=False)


def _clock() -> str:
    return datetime.now().strftime("%H:%M:%S")
