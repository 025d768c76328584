"""The local gateway: requests to a trivial handler beside a bare application on the same server.

python -m tests.bench.bench_gateway gateway|bare FOLDER    serves one and prints its port
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mydata_hub.embedded.deployment import read_deployment
from mydata_hub.embedded.gateway import Gateway
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.server import listen_on_loopback, serve_until_told

from tests.bench.ratio import Ratio, interleaved
from tests.gateway.templates import GIVEN, function, http, write

NAME = "gateway"
ROOT = Path(__file__).parents[2]
CONNECTIONS = 8
HANDLER = """
def build(env):
    return lambda event, context: {"statusCode": 200, "body": "hello"}
"""


def run() -> Sequence[Ratio]:
    """One request after the other, then eight connections at once, in turns with the peer."""
    with (
        tempfile.TemporaryDirectory() as name,
        _served("gateway", Path(name)) as ours,
        _served("bare", Path(name)) as theirs,
    ):
        with _Caller(ours) as mine, _Caller(theirs) as bare:
            single = interleaved(mine.call, bare.call, rounds=7, each=150)
        together = [_together(port) for _ in range(5) for port in (ours, theirs)]
    return [
        Ratio(
            what="requests, one after the other",
            ours=single[0],
            peer="a bare application on uvicorn",
            theirs=single[1],
            unit="per second",
        ),
        Ratio(
            what=f"requests, {CONNECTIONS} connections at once",
            ours=statistics.median(together[0::2]),
            peer="a bare application on uvicorn",
            theirs=statistics.median(together[1::2]),
            unit="per second",
        ),
    ]


class _Caller:
    """One kept connection that asks for as little as it can, so that the server is measured."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = b"GET /hello HTTP/1.1\r\nhost: localhost\r\n\r\n"

    def __enter__(self) -> _Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def call(self) -> None:
        self._socket.sendall(self._request)
        received = b""
        while not received.endswith(b"\r\n\r\nhello"):
            part = self._socket.recv(65536)
            assert part, "the server closed"
            received += part


def _together(port: int, each: int = 60) -> float:
    callers = [_Caller(port) for _ in range(CONNECTIONS)]

    def many(caller: _Caller) -> None:
        for _ in range(each):
            caller.call()

    begun = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(many, callers))
    taken = time.perf_counter() - begun
    for caller in callers:
        caller.__exit__()
    return CONNECTIONS * each / taken


@contextmanager
def _served(which: str, folder: Path) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bench_gateway", which, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


async def _bare(scope: Any, _receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


def _main(which: str, folder: Path) -> None:
    app: Any = _bare
    if which == "gateway":
        resources = {"It": function("it", events={"It": http("GET", "/hello")})}
        deployment = read_deployment(write(folder, resources, {"it": HANDLER}), GIVEN)
        app = Gateway(deployment, Invoker(deployment), "http://localhost:1")
    sockets = listen_on_loopback(0)
    port = sockets[0].getsockname()[1]
    serve_until_told(app, sockets, lambda: print(port, flush=True))
    if isinstance(app, Gateway):
        app.close()


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
