"""A witness behind a real HTTP server on loopback, which can also be told to misbehave."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.ports.clock import SystemClock
from mydata_hub.transparency.add_checkpoint import AddCheckpoint
from mydata_hub.transparency.checkpoint import COSIGNATURE, VerifierKey
from mydata_hub.transparency.cosignature import verify_cosignature
from mydata_hub.transparency.witness import TABLE, Reply, Witness

from tests.unit.transparency.growing_log import SeededSigner


@dataclass
class Served:
    """A witness, where it answers, and what it was asked."""

    witness: Witness
    url: str = ""
    logs: list[VerifierKey] = field(default_factory=list)
    requests: list[AddCheckpoint] = field(default_factory=list)
    cosigned: int = 0
    # What to answer instead, if it is not to behave.
    instead: Callable[[BaseHTTPRequestHandler], None] | None = None

    @property
    def setting(self) -> str:
        return f"{self.witness.key} {self.url}"

    def signed(self, note: bytes) -> bool:
        """Whether this witness cosigned the note; raises where it did so wrongly."""
        if f"— {self.witness.key.name} ".encode() not in note:
            return False
        verify_cosignature(note, self.witness.key)
        return True


@contextmanager
def a_witness(name: str = "witness.example/w1", seed: int = 9) -> Iterator[Served]:
    """A witness that watches no log until it is told one."""
    signer = SeededSigner(seed)
    with tempfile.TemporaryDirectory() as folder:
        tables = SqliteTables(Path(folder), {TABLE: TABLE}, SystemClock())
        logs: list[VerifierKey] = []
        witness = Witness(
            tables=tables,
            signer=signer,
            clock=SystemClock(),
            key=VerifierKey.of(name, signer.public_key(), COSIGNATURE),
            logs=logs,
        )
        served = Served(witness, logs=logs)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        served.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield served
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            tables.close()


def _handler(served: Served) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/add-checkpoint"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            served.requests.append(AddCheckpoint.parse(body))
            with suppress(OSError):  # whoever asked may have hung up
                if served.instead:
                    served.instead(self)
                else:
                    reply = served.witness.add_checkpoint(body)
                    served.cosigned += reply.status == HTTPStatus.OK
                    give(self, reply)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler


def give(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    """Send a whole answer."""
    body = reply.body.encode()
    handler.send_response(reply.status)
    handler.send_header("Content-Type", reply.content_type)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
