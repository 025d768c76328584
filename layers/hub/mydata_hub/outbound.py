"""Calls to other people's servers: one exchange, whole, bounded in bytes and in seconds.

On the standard library's client: docs/decisions/0008-provider-http.md says why. Redirects are not
followed and bodies are not decompressed: both would let whoever answers choose where we call and
how much we hold.
"""

from __future__ import annotations

import functools
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from mydata_hub.errors import BadInput, CallFailed

CONNECT_TIMEOUT_S: Final = 5.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody answers: https, or plain http on loopback alone."""

    parts: SplitResult

    @classmethod
    def parse(cls, field: str, url: str) -> Place:
        """The place at a URL. Raises BadInput, which names the field."""
        parts = urlsplit(url)
        loopback = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or not (parts.scheme == "https" or loopback):
            raise BadInput(field, "takes https://<host>, or http:// on loopback")
        return cls(parts)

    @contextmanager
    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline_s: float,
    ) -> Iterator[HTTPResponse]:
        """One exchange below this place; what is not whole by the deadline is cut off, however
        slowly it drips. The block reads the response with `read_body`. Raises CallFailed.
        """
        # A connection for each exchange: one that is left open could answer the last question.
        connection = self._connection()
        with bounded(connection, deadline_s):
            full = self.parts.path.rstrip("/") + path
            connection.request(method, full, body, {**headers, "Accept-Encoding": "identity"})
            with connection.getresponse() as response:
                yield response

    def _connection(self) -> HTTPConnection:
        host, port = str(self.parts.hostname), self.parts.port
        if self.parts.scheme == "http":
            return HTTPConnection(host, port, timeout=CONNECT_TIMEOUT_S)
        return HTTPSConnection(host, port, timeout=CONNECT_TIMEOUT_S, context=tls_context())


@contextmanager
def bounded(connection: HTTPConnection, deadline_s: float) -> Iterator[None]:
    """Connect, let the block ask and read, and close; what is not whole by the deadline is cut
    off. Raises CallFailed."""
    late = threading.Event()
    too_slow = CallFailed("too_slow", f"not whole in {deadline_s} s")

    def cut(sock: socket.socket) -> None:
        # A timeout of the socket starts anew with every byte; this one does not.
        late.set()
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer: threading.Timer | None = None
    try:
        connection.timeout = min(CONNECT_TIMEOUT_S, deadline_s)
        connection.connect()
        connection.sock.settimeout(deadline_s)
        timer = threading.Timer(deadline_s, cut, [connection.sock])
        timer.daemon = True
        timer.start()
        yield
        _refuse_if(late, too_slow)
    except (OSError, HTTPException) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            raise too_slow from None
        raise CallFailed("unavailable", "the connection failed or was cut") from None
    except Exception:
        # Whatever the block says of an answer that was cut off, it was cut off.
        _refuse_if(late, too_slow)
        raise
    finally:
        if timer is not None:
            timer.cancel()
        connection.close()


def read_body(response: HTTPResponse, max_bytes: int) -> bytes:
    """The whole body, and never more than so many bytes. Raises CallFailed."""
    too_large = CallFailed("too_large", f"a body takes at most {max_bytes} bytes")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise CallFailed("malformed", "the body is compressed")
    if response.length is not None and response.length > max_bytes:
        raise too_large
    try:
        body = response.read(max_bytes + 1)
    except (HTTPException, ConnectionError):
        raise CallFailed("truncated", "the body ends early") from None
    if len(body) > max_bytes:
        raise too_large
    if response.length:
        raise CallFailed("truncated", "the body ends early")
    return body


@functools.cache
def tls_context() -> Any:
    """How servers prove their names, made at first use."""
    import ssl

    return ssl.create_default_context()


def _refuse_if(late: threading.Event, too_slow: CallFailed) -> None:
    # Without a length, a body or header that was cut off looks like one that ended.
    if late.is_set():
        raise too_slow from None
