"""Providers over HTTP: one page, whole, bounded in bytes and in seconds.

On the standard library's client: docs/decisions/0008-provider-http.md says why. Redirects are not
followed and bodies are not decompressed: both would let a provider choose where we call and how
much we hold.
"""

from __future__ import annotations

import functools
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Annotated, Any, Final
from urllib.parse import urlencode, urlsplit

from pydantic import StringConstraints

from mydata_hub.collection.feeds import PageRequest
from mydata_hub.collection.wire import Row, Setback, Text, read_page
from mydata_hub.errors import BadInput, ProviderFailed

MAX_PAGE_BYTES: Final = 4 * 1024 * 1024
CONNECT_TIMEOUT_S: Final = 5.0
# From the request to the last byte of the answer, however slowly it drips.
DEADLINE_S: Final = 20.0
TOKEN_PATH: Final = "/oauth/2.0/token"  # noqa: S105 (a path)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# RFC 6750 section 2.1; anything else could break out of the header it is sent in.
_B64TOKEN: Final = r"^[A-Za-z0-9._~+/-]{1,4096}=*$"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A connection's tokens; never in a representation."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HubAtProvider:
    """Where a provider is, and who the hub is there."""

    base_url: str
    org_code: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a provider gives for an authorization code: tokens, and its name for the person."""

    tokens: Tokens
    identity: str = field(repr=False)


class _TokenAnswer(Row):
    access_token: Annotated[str, StringConstraints(pattern=_B64TOKEN)]
    refresh_token: Annotated[str, StringConstraints(pattern=_B64TOKEN)] | None = None


class _FirstTokenAnswer(_TokenAnswer):
    # 연계정보: the same at every provider. See identity.py for what is kept of it.
    user_ci: Text


class HttpProvider:
    """The provider port over HTTP. One thread at a time."""

    def __init__(
        self,
        at: HubAtProvider,
        tokens: Tokens,
        keep_tokens: Callable[[Tokens], None],
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """`keep_tokens` stores renewed tokens; they are used only once it has returned."""
        if not re.match(_B64TOKEN, tokens.access):
            raise BadInput("tokens", "takes an access token of RFC 6750")
        self._at = at
        self._line = _Line(at.base_url, deadline_s)
        self._tokens = tokens
        self._keep_tokens = keep_tokens

    def fetch(self, request: PageRequest) -> bytes:
        fields = {"org_code": self._at.org_code, **request.fields}
        headers = {"Authorization": f"Bearer {self._tokens.access}", "x-api-type": "regular"}
        if request.posted:
            headers["Content-Type"] = "application/json; charset=UTF-8"
            return self._line.ask("POST", request.path, headers, json.dumps(fields).encode())
        return self._line.ask("GET", f"{request.path}?{urlencode(fields)}", headers, None)

    def renew(self) -> None:
        form = {"grant_type": "refresh_token", "refresh_token": self._tokens.refresh}
        try:
            body = _ask_token(self._line, self._at, form)
        except ProviderFailed as failure:
            if failure.setback in {Setback.REFUSED, Setback.TOKEN_EXPIRED}:
                raise ProviderFailed(Setback.CONSENT_ENDED, "the token is not renewed") from None
            raise
        answer = read_page(body, _TokenAnswer)
        renewed = Tokens(answer.access_token, answer.refresh_token or self._tokens.refresh)
        # Kept first: a provider that rotates has already forgotten the old one.
        self._keep_tokens(renewed)
        self._tokens = renewed


def exchange_code(
    at: HubAtProvider, code: str, verifier: str, redirect_uri: str, deadline_s: float = DEADLINE_S
) -> Arrival:
    """Trade an authorization code for tokens (RFC 6749 section 4.1.3, RFC 7636). It works once.

    Raises ProviderFailed.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
    }
    body = _ask_token(_Line(at.base_url, deadline_s), at, form)
    answer = read_page(body, _FirstTokenAnswer)
    return Arrival(Tokens(answer.access_token, answer.refresh_token or ""), answer.user_ci)


def _ask_token(line: _Line, at: HubAtProvider, form: Mapping[str, str]) -> bytes:
    fields = {
        **form,
        "org_code": at.org_code,
        "client_id": at.client_id,
        "client_secret": at.client_secret,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return line.ask("POST", TOKEN_PATH, headers, urlencode(fields).encode())


class _Line:
    """Where a provider is, and how long one exchange with it may take."""

    def __init__(self, base_url: str, deadline_s: float) -> None:
        parts = urlsplit(base_url)
        if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _LOOPBACK):
            raise BadInput("base_url", "takes https://<host>, or http:// on loopback")
        self._parts = parts
        self._deadline_s = deadline_s

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        # A connection for each page: a page is rare, and one left open could answer the last ask.
        connection = self._connection()
        with _told(connection, self._deadline_s):
            all_headers = {**headers, "Accept": "application/json", "Accept-Encoding": "identity"}
            connection.request(method, self._parts.path.rstrip("/") + path, body, all_headers)
            with connection.getresponse() as response:
                _check_status(response)
                return _read(response)

    def _connection(self) -> HTTPConnection:
        host = str(self._parts.hostname)
        if self._parts.scheme == "http":
            return HTTPConnection(host, self._parts.port, timeout=CONNECT_TIMEOUT_S)
        return HTTPSConnection(
            host, self._parts.port, timeout=CONNECT_TIMEOUT_S, context=_tls_context()
        )


@functools.cache
def _tls_context() -> Any:
    import ssl

    return ssl.create_default_context()


@contextmanager
def _told(connection: HTTPConnection, deadline_s: float) -> Iterator[None]:
    """One exchange: cut off at the deadline, its failures told as setbacks."""
    late = threading.Event()
    too_slow = ProviderFailed(Setback.TOO_SLOW, f"not whole in {deadline_s} s")

    def cut(sock: socket.socket) -> None:
        # A timeout of the socket starts anew with every byte; this one does not.
        late.set()
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer: threading.Timer | None = None
    try:
        connection.connect()
        connection.sock.settimeout(deadline_s)
        timer = threading.Timer(deadline_s, cut, [connection.sock])
        timer.daemon = True
        timer.start()
        yield
        # Without a length, a body or header that was cut off looks like one that ended.
        if late.is_set():
            raise too_slow
    except ProviderFailed as failure:
        raise (too_slow if late.is_set() else failure) from None
    except (OSError, HTTPException) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            raise too_slow from None
        raise ProviderFailed(Setback.UNAVAILABLE, "the connection failed or was cut") from None
    finally:
        if timer is not None:
            timer.cancel()
        connection.close()


def _check_status(response: HTTPResponse) -> None:
    status = response.status
    if status == 200:
        return
    told = response.headers.get("Retry-After", "")
    retry_after_s = float(told) if re.fullmatch(r"[0-9]{1,6}", told) else None
    setback = Setback.UNAVAILABLE if status >= 500 else Setback.REFUSED
    setback = {
        401: Setback.TOKEN_EXPIRED,
        403: Setback.CONSENT_ENDED,
        429: Setback.THROTTLED,
    }.get(status, setback)
    raise ProviderFailed(setback, f"HTTP status {status}", retry_after_s)


def _read(response: HTTPResponse) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ProviderFailed(Setback.MALFORMED, "the body is compressed")
    if response.length is not None and response.length > MAX_PAGE_BYTES:
        raise ProviderFailed(Setback.TOO_LARGE, f"a page takes at most {MAX_PAGE_BYTES} bytes")
    try:
        body = response.read(MAX_PAGE_BYTES + 1)
    except (HTTPException, ConnectionError):
        raise ProviderFailed(Setback.TRUNCATED, "the body ends early") from None
    if len(body) > MAX_PAGE_BYTES:
        raise ProviderFailed(Setback.TOO_LARGE, f"a page takes at most {MAX_PAGE_BYTES} bytes")
    if response.length:
        raise ProviderFailed(Setback.TRUNCATED, "the body ends early")
    return body
