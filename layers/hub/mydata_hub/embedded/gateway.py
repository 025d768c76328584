"""The local gateway: an ASGI application that does to requests what API Gateway's HTTP API does."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from mydata_hub.embedded.deployment import Deployment
from mydata_hub.embedded.http_events import (
    MAX_EVENT_BYTES,
    MAX_HEADER_BYTES,
    EventTooLarge,
    HttpRequest,
    HttpResponse,
    MalformedResult,
    event_of,
    header_bytes,
    message_response,
    response_of,
)
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.routing import Match, Routes
from mydata_hub.observe import logger_for

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

MAX_THREADS: Final = 32  # handlers at once; more requests wait their turn within their time
GATEWAY_SECONDS: Final = 30.0  # the longest that an HTTP API waits for a function
# A body over the limit is read to its end up to here, so that the client reads our answer.
MAX_DRAINED_BYTES: Final = 4 * MAX_EVENT_BYTES
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class ClientGone(Exception):
    """The client left before its request was whole; half a body is never a request."""


class Gateway:
    """Routes requests to functions. `on_change` is called after each request that may write."""

    def __init__(
        self,
        deployment: Deployment,
        invoker: Invoker,
        issuer: str,
        *,
        on_change: Callable[[], None] = lambda: None,
        gateway_seconds: float = GATEWAY_SECONDS,
    ) -> None:
        self._routes = Routes(deployment.routes)
        self._invoker = invoker
        self._hosts = _LOOPBACK | {_name(issuer.partition("://")[2])}
        self._on_change = on_change
        self._gateway_seconds = gateway_seconds
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="handler")
        self._logger = logger_for("gateway")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request (ASGI 3, http only)."""
        if scope["type"] != "http":
            return
        request_id = str(uuid.uuid4())
        try:
            response = await self._answer(scope, receive, request_id)
        except ClientGone:
            return
        except Exception:  # noqa: BLE001 (a defect of ours: told and logged like a handler's)
            response = self._failed("", request_id, "the gateway failed")
        headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers]
        headers.append((b"apigw-requestid", request_id.encode()))
        headers.append((b"content-length", str(len(response.body)).encode()))
        if response.status in (413, 431):
            # The rest of the request was not read as one, so nothing may follow it.
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    def close(self) -> None:
        """Take no more work; handlers under way go on in their threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _answer(self, scope: Message, receive: Receive, request_id: str) -> HttpResponse:
        if header_bytes(_request_line(scope), scope["headers"]) > MAX_HEADER_BYTES:
            return message_response(431, "Request Header Fields Too Large")
        if not self._host_is_ours(scope):
            # A page of another name that points here (DNS rebinding) must not reach a handler.
            return message_response(403, "Forbidden")
        # Captures of live APIs: the path is decoded, and cut where a decoded "?" stands in it.
        path = scope["path"].partition("?")[0]
        match = self._routes.find(scope["method"], path)
        if match is None:
            return message_response(404, "Not Found")
        try:
            request = _request(scope, path, await _read_body(scope, receive))
            event = event_of(
                request, match.route.key, match.parameters, request_id, datetime.now(UTC)
            )
        except EventTooLarge:
            return message_response(413, "Request Entity Too Large")
        return await self._invoke(match, event, request_id)

    def _host_is_ours(self, scope: Message) -> bool:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        return len(hosts) == 1 and _name(hosts[0].decode("latin-1")) in self._hosts

    async def _invoke(self, match: Match, event: dict[str, Any], request_id: str) -> HttpResponse:
        name, route = match.route.function, match.route.key
        allowed = self._invoker.timeout_seconds(name)
        call = asyncio.get_running_loop().run_in_executor(
            self._threads, self._invoker.call, name, event, request_id
        )
        try:
            seconds = min(allowed, self._gateway_seconds)
            response = response_of(await asyncio.wait_for(call, seconds))
        except TimeoutError:
            if not call.cancelled():
                return self._failed(route, request_id, "a handler failed")
            # A call that had not begun never will; one that has goes on, and nobody hears of it.
            self._failed(route, request_id, "a handler ran out of time")
            # Lambda ends a function at its own limit, which is an error of the function; when the
            # gateway's limit comes first, the service is unavailable.
            if allowed < self._gateway_seconds:
                return message_response(500, "Internal Server Error")
            return message_response(503, "Service Unavailable")
        except MalformedResult:
            return self._failed(route, request_id, "a handler gave no response")
        except Exception:  # noqa: BLE001 (whatever a handler raises is its own failure)
            return self._failed(route, request_id, "a handler failed")
        finally:
            if event["requestContext"]["http"]["method"] not in _SAFE:
                self._on_change()
        return response

    def _failed(self, route: str, request_id: str, what: str) -> HttpResponse:
        self._logger.exception(what, extra={"route": route, "request_id": request_id})
        return message_response(500, "Internal Server Error")


async def _read_body(scope: Message, receive: Receive) -> bytes:
    """The body. Raises EventTooLarge where no event could hold it, and ClientGone."""
    told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    waits = any(name == b"expect" for name, _ in scope["headers"])
    if int(told) > MAX_EVENT_BYTES and (waits or int(told) > MAX_DRAINED_BYTES):
        raise EventTooLarge
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size <= MAX_EVENT_BYTES:
            parts.append(part)
        if not message.get("more_body", False) or size > MAX_DRAINED_BYTES:
            break
    if size > MAX_EVENT_BYTES:
        raise EventTooLarge
    return b"".join(parts)


def _request_line(scope: Message) -> bytes:
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    target: bytes = scope["raw_path"] + query
    return f"{scope['method']}  HTTP/{scope['http_version']}".encode() + target


def _request(scope: Message, path: str, body: bytes) -> HttpRequest:
    client = scope.get("client")
    return HttpRequest(
        method=scope["method"],
        target_path=path,
        query=scope["query_string"].decode("latin-1"),
        protocol=f"HTTP/{scope['http_version']}",
        headers=[
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ],
        body=body,
        source_address=client[0] if client else "",
    )


def _name(authority: str) -> str:
    """The host of `host:port`, in lower case; an IPv6 address keeps its brackets."""
    authority = authority.lower()
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0]
