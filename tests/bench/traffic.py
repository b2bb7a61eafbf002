"""What the server sends to a client, counted on the way."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from scripts.settings import Settings


@contextmanager
def counted(settings: Settings) -> Iterator[tuple[dict[str, Any], Callable[[], int]]]:
    """Where to connect instead, and how many bytes have come from the server there so far."""
    total = [0]
    door = socket.create_server(("127.0.0.1", 0))
    dsn = settings.dsn("transformer")

    def pass_on(source: socket.socket, target: socket.socket, count: bool) -> None:
        # Whichever side ends first takes the other one with it.
        with suppress(OSError):
            while content := source.recv(65_536):
                total[0] += len(content) if count else 0
                target.sendall(content)
        target.close()

    def serve() -> None:
        client, _ = door.accept()
        server = socket.create_connection((dsn["host"], dsn["port"]))
        for arguments in ((client, server, False), (server, client, True)):
            threading.Thread(target=pass_on, args=arguments, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield {**dsn, "host": "127.0.0.1", "port": door.getsockname()[1]}, lambda: total[0]
    finally:
        door.close()
