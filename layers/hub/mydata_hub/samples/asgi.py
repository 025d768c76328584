"""A small web application: what the sample processes need of HTTP, below uvicorn."""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader, StrictUndefined

MAX_BODY_BYTES: Final = 64 * 1024
_PIECES: Final = 20
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_Message: TypeAlias = Mapping[str, Any]


class Refused(Exception):
    """A request that is answered with a status and a reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Request:
    """A request with its body, and the pieces of its path that the route names."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    names: Mapping[str, str]

    @property
    def wants_json(self) -> bool:
        """Whether a program asks, and no browser."""
        return "application/json" in self.headers.get("accept", "")

    @property
    def speaks_korean(self) -> bool:
        """Korean unless something else is preferred."""
        told = self.query.get("lang") or self.headers.get("accept-language", "ko")
        return told.lower().startswith("ko")

    def fields(self) -> dict[str, Any]:
        """The members of a JSON object or of a form. Raises Refused."""
        try:
            if "json" in self.headers.get("content-type", ""):
                told = json.loads(self.body or b"{}")
            else:
                told = dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        except (ValueError, RecursionError):
            raise Refused(400, "the body is neither JSON nor a form") from None
        if not isinstance(told, dict):
            raise Refused(400, "the body is not an object")
        return told


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; `cut` sends so many bytes and hangs up, `drip_s` takes its time."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    drip_s: float = 0.0


Handler: TypeAlias = Callable[[Request], Answer]
Route: TypeAlias = tuple[str, str, Handler]


def json_answer(value: Mapping[str, Any], status: int = 200, **headers: str) -> Answer:
    """JSON, in UTF-8; header names take `_` for `-`."""
    told = {name.replace("_", "-"): text for name, text in headers.items()}
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status, body, {"content-type": "application/json; charset=UTF-8", **told})


def page_answer(request: Request, template: str, status: int = 200, **values: Any) -> Answer:
    """An HTML page in the language of the request; it says that it is a sample."""

    def say(ko: str, en: str) -> str:
        return ko if request.speaks_korean else en

    lang = say("ko", "en")
    text = (
        _templates().get_template(template).render(say=say, lang=lang, path=request.path, **values)
    )
    return Answer(status, text.encode(), {"content-type": "text/html; charset=UTF-8"})


def see_other(location: str, **headers: str) -> Answer:
    """303, so that a form is not sent twice."""
    told = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(303, b"", {"location": location, **told})


class App:
    """An ASGI application over routes; each handler runs in a thread and may wait."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [
            (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), handler)
            for method, path, handler in routes
        ]

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        body = b""
        more = True
        while more and len(body) <= MAX_BODY_BYTES:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        answer = await asyncio.to_thread(self._answer, scope, body)
        length = str(len(answer.body)).encode()
        headers = {**_HEADERS, **answer.headers}
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        start = {"type": "http.response.start", "status": answer.status}
        await send({**start, "headers": [*encoded, (b"content-length", length)]})
        if answer.cut is not None:
            # Returning before the body is whole makes the server hang up.
            await send(_piece(answer.body[: answer.cut], more=True))
            return
        if answer.drip_s:
            size = len(answer.body) // _PIECES + 1
            for begin in range(0, len(answer.body), size):
                await send(_piece(answer.body[begin : begin + size], more=True))
                await asyncio.sleep(answer.drip_s / _PIECES)
            await send(_piece(b"", more=False))
            return
        await send(_piece(answer.body, more=False))

    def _answer(self, scope: _Message, body: bytes) -> Answer:
        headers = {
            name.decode("latin-1"): told.decode("latin-1") for name, told in scope["headers"]
        }
        refused = Refused(404, "nothing is here")
        if len(body) > MAX_BODY_BYTES:
            refused = Refused(413, "the body is too large")
        for method, pattern, handler in self._routes if len(body) <= MAX_BODY_BYTES else ():
            found = pattern.fullmatch(scope["path"])
            if found and method == scope["method"]:
                query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
                names = found.groupdict()
                try:
                    return handler(Request(method, scope["path"], query, headers, body, names))
                except Refused as told:
                    refused = told
        return json_answer({"sample": True, "error": refused.reason}, refused.status)


def _piece(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


@functools.cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("mydata_hub.samples"), autoescape=True, undefined=StrictUndefined
    )
