"""A scripted AWS endpoint on loopback: what moto cannot show is shown to the real clients here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """What the service answers; `dropped` means that it did the work and the answer was lost."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False


LOST = Reply(dropped=True)


def refused(code: str, status: int = 400, **more: Any) -> Reply:
    """An error as DynamoDB and KMS write one."""
    return Reply(status, {"__type": f"com.amazonaws#{code}", "message": "personal data", **more})


@dataclass
class Wire:
    """Requests as they arrived, and the replies still to give."""

    url: str
    replies: list[Reply] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def will(self, *replies: Reply) -> None:
        self.replies += replies

    @property
    def operations(self) -> list[str]:
        return [request["operation"] for request in self.requests]

    @property
    def bodies(self) -> list[Any]:
        return [request["body"] for request in self.requests]


@contextmanager
def scripted_endpoint() -> Iterator[Wire]:
    """Serve replies in order on a free port of loopback; fail where none is left or one is."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    wire = Wire(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = handler_for(wire)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield wire
        assert not wire.replies, "the client asked less often than the script says"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def handler_for(wire: Wire) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            target = self.headers.get("X-Amz-Target")
            wire.requests.append(
                {
                    "operation": target.rpartition(".")[2] if target else self.command,
                    "path": self.path,
                    "headers": {name.lower(): text for name, text in self.headers.items()},
                    "body": json.loads(content) if target else content,
                }
            )
            reply = wire.replies.pop(0) if wire.replies else Reply(418)
            if reply.dropped:
                self.close_connection = True
                return
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, text in reply.headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Tests print what they need themselves."""

    return Handler
