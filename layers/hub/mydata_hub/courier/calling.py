"""Calling a partner: one exchange with an address that its operator registered, and nowhere else.

Threat (server-side request forgery): a registered name that leads into the hub's own network, at
once or at the second look-up. So the name is looked up here, every address it has must be a public
one, and the connection goes to the very address that was checked. Redirects are not followed,
nothing is decompressed, and an answer is bounded in bytes and seconds (docs/decisions/0008 and
0019).
"""

from __future__ import annotations

import ipaddress
import json
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import SplitResult, urlsplit

from mydata_hub.errors import CallFailed
from mydata_hub.outbound import bounded, read_body, tls_context

LOOK_UP_TIMEOUT_S: Final = 3.0
CONNECT_TIMEOUT_S: Final = 3.0
# From the connection to the last byte of the answer, however slowly it drips.
DEADLINE_S: Final = 6.0
MAX_ANSWER_BYTES: Final = 8 * 1024
MEDIA_TYPE: Final = "application/secevent+jwt"
# What a receiver may say is wrong (RFC 8935 section 2.4); anything else it says is not kept.
ERROR_CODES: Final = frozenset(
    {
        *("invalid_request", "invalid_key", "invalid_issuer", "invalid_audience"),
        *("authentication_failed", "access_denied"),
    }
)
REFUSED: Final = "refused"
GONE: Final = "gone"
# Of one event; everything else is wrong with the partner's address or its server.
REFUSALS: Final = ERROR_CODES | {REFUSED}
_HEADERS: Final = {
    "Content-Type": MEDIA_TYPE,
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
_READING: Final = {
    "Accept": "application/jwk-set+json, application/json",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
# Of several words that wait at the push service for a browser that sleeps, the last is enough; what
# was not heard for a day is old (RFC 8030 sections 5.2 to 5.4).
_WAKING: Final = {
    "TTL": "86400",
    "Urgency": "normal",
    "Topic": "news",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
MAX_KEYS_BYTES: Final = 64 * 1024
Result = TypeVar("Result")
_PORTS: Final = {"http": 80, "https": 443}
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
# An IPv4 address in the clothes of a public IPv6 one (RFC 6052 section 2.1).
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, IPv4 first. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found.sort(key=lambda one: one[0] != socket.AF_INET)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """How calls are made; `loopback_allowed` on a laptop only."""

    loopback_allowed: bool = False
    deadline_s: float = DEADLINE_S
    look_up_s: float = LOOK_UP_TIMEOUT_S
    resolve: Callable[[str, int], Sequence[str]] = resolve
    tls_context: Callable[[], Any] = tls_context

    def push(self, endpoint: str, token: str) -> str | None:
        """POST a Security Event Token (RFC 8935 section 2): None if it was acknowledged, else why
        not, in a word."""

        def ask(connection: HTTPConnection, target: str) -> str | None:
            connection.request("POST", target, token.encode("ascii"), _HEADERS)
            with connection.getresponse() as response:
                # Of every other answer the status says it all.
                told = response.status == 400
                body = read_body(response, MAX_ANSWER_BYTES) if told else b""
                return _judged(response.status, body)

        try:
            return self._exchange(endpoint, ask)
        except CallFailed as failure:
            return failure.cause

    def notify(self, endpoint: str, authorization: str) -> str | None:
        """POST a push message without content (RFC 8030 section 5): None if the push service took
        it, else why not, in a word: "gone" if there is no such subscription any more."""
        headers = {**_WAKING, "Authorization": authorization}

        def ask(connection: HTTPConnection, target: str) -> str | None:
            connection.request("POST", target, b"", headers)
            with connection.getresponse() as response:
                return _taken(response.status)

        try:
            return self._exchange(endpoint, ask)
        except CallFailed as failure:
            return failure.cause

    def fetch(self, url: str) -> bytes | None:
        """GET a JWK Set: its bytes, or None for whatever is not a whole `200`."""

        def ask(connection: HTTPConnection, target: str) -> bytes | None:
            connection.request("GET", target, None, _READING)
            with connection.getresponse() as response:
                return read_body(response, MAX_KEYS_BYTES) if response.status == 200 else None

        try:
            return self._exchange(url, ask)
        except CallFailed:
            return None

    def _exchange(self, url: str, ask: Callable[[HTTPConnection, str], Result]) -> Result:
        """Ask at an allowed address, within the deadline. Raises CallFailed, in a word for why."""
        try:
            parts = urlsplit(url)
            address = self._allowed_address(parts)
        except TimeoutError:
            raise CallFailed("too_slow", "the name is not looked up in time") from None
        except OSError:
            raise CallFailed("unreachable", "the name leads nowhere") from None
        except ValueError:
            address = None
        if address is None:
            raise CallFailed("address_refused", "the address may not be called")
        connection = _Pinned(parts, address, self.tls_context)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with bounded(connection, self.deadline_s):
                connection.secure()
                return ask(connection, target)
        except CallFailed as failure:
            cause = "unreachable" if failure.cause == "unavailable" else failure.cause
            raise CallFailed(cause, failure.reason) from None

    def _allowed_address(self, parts: SplitResult) -> str | None:
        """The address to connect to, or None for one that may not be called."""
        host = parts.hostname
        if host is None or parts.scheme not in _PORTS:
            return None
        port = parts.port or _PORTS[parts.scheme]
        found = _in_time(lambda: self.resolve(host, port), self.look_up_s)
        addresses = [ipaddress.ip_address(one.partition("%")[0]) for one in found]
        loopback = self.loopback_allowed and all(one.is_loopback for one in addresses)
        public = parts.scheme == "https" and all(_is_public(one) for one in addresses)
        return found[0] if addresses and (loopback or public) else None


class _Pinned(HTTPConnection):
    """Speaks to the address that was checked, in the name that was registered."""

    def __init__(self, parts: SplitResult, address: str, tls_context: Callable[[], Any]) -> None:
        # What the name's port is by default decides whether the Host header names it.
        self.default_port = _PORTS[parts.scheme]
        super().__init__(str(parts.hostname), parts.port)
        self._address = address
        self._tls_context = tls_context if parts.scheme == "https" else None
        self._secured: Any = None

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), CONNECT_TIMEOUT_S)
        if self._tls_context is not None:
            self._secured = self._tls_context().wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock = self._secured

    def secure(self) -> None:
        """Shake hands, where the deadline counts already: a handshake can be dripped too."""
        if self._secured is not None:
            self._secured.do_handshake()


def _in_time(look_up: Callable[[], Sequence[str]], limit_s: float) -> Sequence[str]:
    """What a look-up gives. The system's has no limit of its own, and whoever answers for a name
    may take their time. Raises TimeoutError, and what the look-up raises."""
    found: Future[Sequence[str]] = Future()

    def run() -> None:
        try:
            found.set_result(look_up())
        except (OSError, ValueError) as error:
            found.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return found.result(limit_s)


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or address.teredo
        if inner is not None or address in _NAT64:
            return False
    return address.is_global and not address.is_multicast


def _judged(status: int, body: bytes) -> str | None:
    if status == 202:
        return None
    if status == 400:
        try:
            code = json.loads(body).get("err")
        except (ValueError, AttributeError, RecursionError):
            code = None
        return code if isinstance(code, str) and code in ERROR_CODES else REFUSED
    if 300 <= status < 400:
        return "redirected"
    return "unavailable" if status == 429 or status >= 500 else "unexpected_answer"


def _taken(status: int) -> str | None:
    if status in (404, 410):
        return GONE
    if status == 429 or status >= 500:
        return "unavailable"
    return None if 200 <= status < 300 else REFUSED
