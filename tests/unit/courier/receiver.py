"""A partner's event endpoint on loopback: a real HTTP server that answers as a test says."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

import jwskate

Answer: TypeAlias = "Callable[[Post], None]"


class Post(BaseHTTPRequestHandler):
    """One push: what came, and ways to answer it."""

    protocol_version = "HTTP/1.1"
    answers: list[Answer]
    tokens: list[str]
    headers_seen: list[dict[str, str]]

    def do_POST(self) -> None:
        self.tokens.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.headers_seen.append({name.lower(): value for name, value in self.headers.items()})
        # The last answer stays. The hub may hang up on what it refuses.
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        with suppress(OSError):
            answer(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return

    def give(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def acknowledge(post: Post) -> None:
    post.give(202)


@contextmanager
def receiving(
    *answers: Answer, tls: ssl.SSLContext | None = None, kind: type[Post] = Post
) -> Iterator[tuple[str, Any]]:
    """Its address, and the class that remembers what came."""
    told = {"answers": list(answers) or [acknowledge], "tokens": [], "headers_seen": []}
    made: Any = type("Told", (kind,), told)
    server = ThreadingHTTPServer(("127.0.0.1", 0), made)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        scheme = "http" if tls is None else "https"
        yield f"{scheme}://127.0.0.1:{server.server_port}/events", made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def opened(token: str, jwks: dict[str, Any], issuer: str, client_id: str) -> dict[str, Any]:
    """The claims of an event, verified by a JOSE library that the hub does not use."""
    event = jwskate.SignedJwt(token)
    assert event.headers["typ"] == "secevent+jwt"
    assert event.headers["alg"] == "ES256"
    key = jwskate.JwkSet(jwks).get_jwk_by_kid(event.kid)
    assert event.verify_signature(key, alg="ES256")
    assert (event.issuer, event.audiences) == (issuer, [client_id])
    # Neither an access token nor a client assertion (RFC 8417 section 4).
    assert not {"sub", "exp", "client_id"} & event.claims.keys()
    return dict(event.claims)
