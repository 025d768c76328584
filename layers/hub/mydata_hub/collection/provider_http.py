"""Providers over HTTP: one page at a time, and what went wrong told as a setback."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Annotated, Final
from urllib.parse import urlencode

from pydantic import StringConstraints

from mydata_hub.collection.feeds import PageRequest
from mydata_hub.collection.wire import Row, Setback, Text, read_page
from mydata_hub.errors import BadInput, CallFailed, ProviderFailed
from mydata_hub.outbound import Place, read_body

MAX_PAGE_BYTES: Final = 4 * 1024 * 1024
# From the request to the last byte of the answer, however slowly it drips.
DEADLINE_S: Final = 20.0
TOKEN_PATH: Final = "/oauth/2.0/token"  # noqa: S105 (a path)
REVOKE_PATH: Final = "/oauth/2.0/revoke"
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


def revoke_tokens(at: HubAtProvider, tokens: Tokens, deadline_s: float = DEADLINE_S) -> None:
    """Give both tokens back (RFC 7009 section 2.1); the Korean standard revokes by access token.

    Raises ProviderFailed.
    """
    line = _Line(at.base_url, deadline_s)
    for hint, token in (("refresh_token", tokens.refresh), ("access_token", tokens.access)):
        if token:
            _ask_token(line, at, {"token": token, "token_type_hint": hint}, REVOKE_PATH)


def _ask_token(
    line: _Line, at: HubAtProvider, form: Mapping[str, str], path: str = TOKEN_PATH
) -> bytes:
    fields = {
        **form,
        "org_code": at.org_code,
        "client_id": at.client_id,
        "client_secret": at.client_secret,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return line.ask("POST", path, headers, urlencode(fields).encode())


class _Line:
    """Where a provider is, and how long one exchange with it may take."""

    def __init__(self, base_url: str, deadline_s: float) -> None:
        self._place = Place.parse("base_url", base_url)
        self._deadline_s = deadline_s

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        asked = self._place.ask(
            method, path, {**headers, "Accept": "application/json"}, body, self._deadline_s
        )
        try:
            with asked as response:
                _check_status(response)
                return read_body(response, MAX_PAGE_BYTES)
        except CallFailed as failure:
            raise ProviderFailed(Setback(failure.cause), failure.reason) from None


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
