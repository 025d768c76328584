"""Which route of an HTTP API a request takes, by API Gateway's order.

A full match comes before a greedy one, and both before $default; among full matches the one with
fixed text earlier wins, among greedy ones the longest; a route's own method comes before ANY
("Routing API requests" in the developer guide).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mydata_hub.embedded.event_sources import HttpRoute


@dataclass(frozen=True, slots=True)
class Match:
    """The route and what its variable segments stand for, decoded."""

    route: HttpRoute
    parameters: dict[str, str]


class Routes:
    """The routes of one API."""

    def __init__(self, routes: Sequence[HttpRoute]) -> None:
        plain = [route for route in routes if route.path != "$default"]
        self._ordered = [(route, route.path.split("/")[1:]) for route in sorted(plain, key=_order)]
        self._default = next((route for route in routes if route.path == "$default"), None)

    def find(self, method: str, path: str) -> Match | None:
        """The route for a decoded path, or None.

        Matching the decoded path is a choice of ours: an encoded slash divides segments, so that
        no variable segment ever holds one.
        """
        if not path.startswith("/"):
            return None
        segments = path.split("/")[1:]
        for route, pattern in self._ordered:
            if route.method in (method, "ANY"):
                parameters = _parameters(pattern, segments)
                if parameters is not None:
                    return Match(route, parameters)
        return None if self._default is None else Match(self._default, {})


def _order(route: HttpRoute) -> tuple[bool, list[int], bool]:
    segments = route.path.split("/")[1:]
    greedy = segments[-1].endswith("+}")
    # Segment by segment: fixed text, then a variable, then the greedy rest.
    ranks = [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in segments]
    return greedy, ranks, route.method == "ANY"


def _parameters(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for position, part in enumerate(pattern):
        if position >= len(segments):
            return None
        if part.endswith("+}"):
            rest = "/".join(segments[position:])
            return found | {part[1:-2]: rest} if rest else None
        if part.startswith("{"):
            if not segments[position]:
                return None
            found[part[1:-1]] = segments[position]
        elif part != segments[position]:
            return None
    return found if len(segments) == len(pattern) else None
