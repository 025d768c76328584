"""The process below the local gateway: one per data folder, on loopback, ended by a signal."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import uvicorn

from mydata_hub.embedded.durable_files import PRIVATE_FILE, SCRATCH_PREFIX, disk_errors
from mydata_hub.errors import HubError

LOCK_NAME: Final = "serve.lock"
BACKLOG: Final = 128
MAX_CONNECTIONS: Final = 512  # more are answered with 503
# Enough to read an over-long head to its end and say so; beyond it uvicorn answers 400 by itself.
MAX_HEAD_BYTES: Final = 256 * 1024
KEEP_ALIVE_SECONDS: Final = 30
STOP_SECONDS: Final = 3  # what requests under way get when we are told to stop
_TRIES_FOR_A_FREE_PORT: Final = 16


class CannotServe(HubError):
    """The server cannot start, for a reason that whoever started it can mend."""

    slug = "cannot-serve"


@contextmanager
def sole_server_of(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; it dies with the process, however that ends. Raises CannotServe."""
    with disk_errors():
        descriptor = os.open(folder / LOCK_NAME, os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise CannotServe(
                f"another hub (process {holder}) serves this data folder; stop it, or use --data"
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def listen_on_loopback(port: int) -> list[socket.socket]:
    """Listening sockets on 127.0.0.1 and, where there is IPv6, ::1; port 0 takes a free one.

    Both, because browsers try both for localhost: another program on ::1 would get our visitors.
    Raises CannotServe when the port is taken on either.
    """
    for attempt in range(_TRIES_FOR_A_FREE_PORT):
        first = _listen(socket.AF_INET, "127.0.0.1", port)
        try:
            second = _listen(socket.AF_INET6, "::1", first.getsockname()[1])
        except CannotServe:
            first.close()
            if port or attempt == _TRIES_FOR_A_FREE_PORT - 1:
                raise
        except OSError:
            return [first]
        else:
            return [first, second]
    raise AssertionError("the loop above returns or raises")


def serve_until_told(
    app: Any, sockets: Sequence[socket.socket], on_ready: Callable[[], None]
) -> None:
    """Serve an ASGI application until SIGINT or SIGTERM, then let requests under way finish."""
    asyncio.run(_Server(server_config(app), on_ready).serve(list(sockets)))


def server_config(app: Any) -> uvicorn.Config:
    """How the server below is set up."""
    return uvicorn.Config(
        app,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Nobody stands in front of us whose X-Forwarded-For could be believed.
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
    )


@contextmanager
def announced(path: Path, about: Mapping[str, object]) -> Iterator[None]:
    """Keep a file that says where the hub is, whole at every moment, until the block is left."""
    scratch = path.parent / f"{SCRATCH_PREFIX}{secrets.token_hex(8)}"
    with disk_errors():
        descriptor = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
        with os.fdopen(descriptor, "w") as file:
            json.dump(about, file)
        scratch.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own way raises the signal once more at the end, which would end the process
        # before the worker has stopped and the announcement is gone.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._leave)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    def _leave(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


def _listen(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is; with it,
    # every answer waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        # At once: two processes may bind one port, only one may listen.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CannotServe(
                f"port {port} is taken by another program; choose one with --port"
            ) from None
        if error.errno == errno.EACCES:
            raise CannotServe(f"port {port} needs rights that you do not have") from None
        raise
    return listener
