"""Push services: whom the hub calls to reach a browser (RFC 8030 section 1.1), and nobody else.

Threat (server-side request forgery): the address of a subscription comes from whoever signs in. So
only services that the operator named are called, by their names, and on a laptop loopback besides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from mydata_hub.errors import BadInput

MAX_ENDPOINT_LETTERS: Final = 1000
_HOST: Final = re.compile(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)+")
_PLAIN: Final = re.compile(r"[!-~]+")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PushServices:
    """Hosts by their names; one with a dot in front stands for every name below it."""

    hosts: frozenset[str]
    loopback_allowed: bool = False

    @classmethod
    def read(cls, named: str, *, loopback_allowed: bool = False) -> Self:
        """The services in a setting, separated by commas. Raises BadInput."""
        hosts = frozenset(one.strip() for one in named.split(",") if one.strip())
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise BadInput("push_services", "takes hosts, separated by commas")
        return cls(hosts=hosts, loopback_allowed=loopback_allowed)

    def require(self, endpoint: str) -> None:
        """Refuse an address that is not at one of these services. Raises BadInput."""
        if not self.serves(endpoint):
            raise BadInput("endpoint", "takes an address at a push service that this hub may call")

    def serves(self, endpoint: str) -> bool:
        """Whether an address is at one of these services, and may be called."""
        if len(endpoint) > MAX_ENDPOINT_LETTERS or not _PLAIN.fullmatch(endpoint):
            return False
        try:
            parts = urlsplit(endpoint)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.username is not None or parts.password is not None or "#" in endpoint:
            return False
        if self.loopback_allowed and parts.scheme == "http" and host in _LOOPBACK:
            return True
        return parts.scheme == "https" and port in (None, 443) and self._named(host)

    def _named(self, host: str) -> bool:
        return any(
            host.endswith(named) if named.startswith(".") else host == named for named in self.hosts
        )


def origin_of(endpoint: str) -> str:
    """The origin of a push resource (RFC 6454 section 6.1): the audience of whoever pushes there
    (RFC 8292 section 2)."""
    parts: SplitResult = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"
