"""Guards: one table says who may call each route, and it is enforced before anything else.

HTTP API authorisers can neither check DPoP nor answer with its nonce, so the check is ours. A
route that is not in the table does not exist; a guard that a function has no check for denies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from mydata_hub.errors import NotAllowed, NotFound


class Guard(StrEnum):
    """Who may call a route."""

    PUBLIC = "public"
    PERSON = "person"  # a person's session, opened with a passkey
    CLIENT = "client"  # a partner that authenticates itself (RFC 7523)
    DPOP = "dpop"  # an access token with a proof of possession (RFC 9449)
    AUDITOR = "auditor"  # an auditor's session
    OPERATOR = "operator"  # an operator's session


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the HTTP API: `method path` is its API Gateway route key."""

    method: str
    path: str
    function: str
    guard: Guard

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/log/checkpoint", "audit", Guard.PUBLIC),
    Route("GET", "/log/key", "audit", Guard.PUBLIC),
    Route("GET", "/log/tile/{tile+}", "audit", Guard.PUBLIC),
)

# A check takes the event and gives the caller (a session, a client), or raises a Refusal.
Check: TypeAlias = Callable[[Mapping[str, Any]], object]


def enforce(function: str, event: Mapping[str, Any], checks: Mapping[Guard, Check]) -> object:
    """The caller of a request, before any of its content is read.

    Raises NotFound for a route that is not this function's, NotAllowed for a guard without a
    check, and whatever the check raises.
    """
    route = _BY_KEY.get((function, str(event.get("routeKey", ""))))
    if route is None:
        raise NotFound("there is no such page")
    if route.guard is Guard.PUBLIC:
        return None
    check = checks.get(route.guard)
    if check is None:
        raise NotAllowed("this function admits no caller of that kind")
    return check(event)


_BY_KEY: Final = {(route.function, route.key): route for route in ROUTES}
