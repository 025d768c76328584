"""The witness over HTTP: one path, bounded bodies, and no more time than a request needs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from mydata_hub.errors import HubError
from mydata_hub.transparency.add_checkpoint import MAX_REQUEST_BYTES, PATH
from mydata_hub.transparency.witness import Reply, Witness

# A request of a few kilobytes that is not here by then holds a place of others.
BODY_SECONDS: Final = 10.0
_Message: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WitnessApp:
    """An ASGI application below uvicorn."""

    witness: Witness

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        reply = await self._answer(scope, receive)
        body = reply.body.encode()
        headers = [
            (b"content-type", reply.content_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        start = {"type": "http.response.start", "status": int(reply.status), "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: _Message, receive: Callable[[], Awaitable[_Message]]) -> Reply:
        if scope["path"] != PATH:
            return Reply(HTTPStatus.NOT_FOUND, "a witness answers at add-checkpoint alone\n")
        if scope["method"] != "POST":
            return Reply(HTTPStatus.METHOD_NOT_ALLOWED, "POST a checkpoint\n")
        try:
            body = await asyncio.wait_for(_body(receive), BODY_SECONDS)
        except TimeoutError:
            return Reply(HTTPStatus.REQUEST_TIMEOUT, "the request came too slowly\n")
        if body is None:
            return Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too long\n")
        try:
            # The disk is waited for in a thread, so that one log does not hold up the others.
            return await asyncio.to_thread(self.witness.add_checkpoint, body)
        except HubError as error:
            # Nothing was cosigned; the log asks again. Why, its operator need not know.
            sys.stderr.write(f"no cosignature: {type(error).__name__}: {error}\n")
            return Reply(HTTPStatus.SERVICE_UNAVAILABLE, "ask again later\n")


async def _body(receive: Callable[[], Awaitable[_Message]]) -> bytes | None:
    """The whole body; None when it is too long, or when the caller hung up."""
    body = bytearray()
    while len(body) <= MAX_REQUEST_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body) if len(body) <= MAX_REQUEST_BYTES else None
    return None
