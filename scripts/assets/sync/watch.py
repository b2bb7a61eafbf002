"""`watch`: an author saves a file, and Superset shows it."""

import threading
import time
from datetime import datetime

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from scripts.assets.checks.static import sound_bundle
from scripts.assets.files.bundle import FOLDER, SUFFIXES
from scripts.assets.model.asset import Bundle
from scripts.assets.sync.push import push, push_some
from scripts.console import console, say
from scripts.errors import UserError
from scripts.settings import Settings

# An editor writes a file in several steps, and a branch switch writes many: wait for the last.
QUIET_SECONDS = 0.2


class _Saves(FileSystemEventHandler):
    """Notes that something was saved."""

    def __init__(self) -> None:
        self.seen = threading.Event()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Any change to a YAML file or to the theme counts; that a file was read does not."""
        paths = (str(event.src_path), str(event.dest_path))
        if event.event_type in ("created", "modified", "moved", "deleted") and any(
            path.endswith(SUFFIXES) for path in paths
        ):
            self.seen.set()

    def wait(self) -> None:
        """Until something was saved, and nothing more for a moment."""
        # With a timeout, or Ctrl+C would not get through.
        while not self.seen.wait(60):
            continue
        while self.seen.is_set():
            self.seen.clear()
            time.sleep(QUIET_SECONDS)


def watch(settings: Settings) -> None:
    """Push what differs now, then each save, until Ctrl+C; what is broken is one line."""
    saves = _Saves()
    observer = Observer()
    # Before the first push: what is saved meanwhile is seen.
    observer.schedule(saves, str(settings.root / FOLDER), recursive=True)
    observer.start()
    try:
        known = _push_all(settings)
        say(f"Watching {FOLDER}; Ctrl+C ends it.")
        while True:
            saves.wait()
            known = _push_saved(known, settings)
    except KeyboardInterrupt:
        say("Stopped.")
    finally:
        observer.stop()
        observer.join()


def _push_all(settings: Settings) -> Bundle:
    """Push what differs; what is known from then on: nothing, where a file is broken."""
    try:
        known = sound_bundle(settings.root)
    except UserError as error:
        _refused(error)
        return Bundle()
    push(settings)
    return known


def _push_saved(known: Bundle, settings: Settings) -> Bundle:
    """Push what is no longer as it was known; what is known from then on."""
    started = time.monotonic()
    try:
        now = sound_bundle(settings.root)
        changed = {a.uuid for a in now if a.uuid not in known or a.data != known.get(a.uuid).data}
        done = push_some(changed, settings) if changed else []
    except UserError as error:
        _refused(error)
        return known  # the next save tries all of it again
    for difference in done:
        say(f"{_clock()} ✓ {difference}  ({time.monotonic() - started:.1f} s)")
    return now


def _refused(error: UserError) -> None:
    console.print(f"{_clock()} ✗ {error.line}", style="red", markup=False)


def _clock() -> str:
    return datetime.now().strftime("%H:%M:%S")
