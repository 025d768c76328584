"""A gateway over real HTTP in a thread of the test's process, and what a socket says back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from mydata_hub.embedded.deployment import Deployment
from mydata_hub.embedded.gateway import Gateway
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.server import listen_on_loopback, server_config


@contextmanager
def serving(app: Any) -> Iterator[int]:
    """Serve an ASGI application; gives the port."""
    sockets = listen_on_loopback(0)
    port: int = sockets[0].getsockname()[1]
    server = uvicorn.Server(server_config(app))
    thread = threading.Thread(target=server.run, args=(sockets,))
    thread.start()
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def gateway_for(deployment: Deployment, **more: Any) -> Iterator[int]:
    """Serve a deployment's routes; `more` goes to the Gateway."""
    invoker = Invoker(deployment)
    gateway = Gateway(deployment, invoker, "http://hub.example:1", **more)
    try:
        with serving(gateway) as port:
            yield port
    finally:
        gateway.close()
        assert invoker.wait_until_idle(10)


def exchange(port: int, request: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """Send bytes as they are; gives status, headers with their repeats, and the body."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65536)
            assert part, "the server closed without an answer"
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name.lower(), value.strip()) for name, _, value in map(_split, lines)]
        length = int(dict(headers).get("content-length", "0"))
        while len(body) < length:
            part = connection.recv(65536)
            assert part, "the server closed in the middle of an answer"
            body += part
    return int(status_line.split()[1]), headers, body


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")
