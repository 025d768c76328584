"""Tokens: what the hub holds to call a provider for a person, wrapped under intake's own key.

Table `intake`, which no other zone reads: partition "connection#<id>", sorts "tokens" and "cursor",
format 1. The box below is all that intake sees of its key: it opens what intake wrapped and no
vault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from mydata_hub.collection.provider_http import Tokens
from mydata_hub.errors import Damaged, Unopenable
from mydata_hub.fields import ConnectionId
from mydata_hub.ports.tables import Absent, Key, Put, Row, VersionIs

TABLE: Final = "intake"


class Box(Protocol):
    """Intake's own key: what it wraps, intake opens, and nobody else."""

    def wrap(self, secret: bytes, context: Mapping[str, str]) -> bytes:
        """Wrap up to 4096 bytes, bound to `context`. Raises LimitExceeded, Busy."""
        ...

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Give them back. Raises Unopenable, Busy."""
        ...


def tokens_row(connection_id: ConnectionId) -> Key:
    """The row of a connection's tokens."""
    return Key(TABLE, f"connection#{connection_id}", "tokens")


def cursor_row(connection_id: ConnectionId) -> Key:
    """The row that says how far a connection's collection has come; it holds account numbers."""
    return Key(TABLE, f"connection#{connection_id}", "cursor")


def put_tokens(box: Box, connection_id: ConnectionId, tokens: Tokens, before: Row | None) -> Put:
    """The change that keeps tokens; it conflicts where somebody renewed them in between."""
    return Put(
        key=tokens_row(connection_id),
        values={
            name: box.wrap(secret.encode(), _context(connection_id, name))
            for name, secret in (("access", tokens.access), ("refresh", tokens.refresh))
            if secret
        },
        when=VersionIs(before.version) if before else Absent(),
    )


def open_tokens(box: Box, connection_id: ConnectionId, row: Row) -> Tokens:
    """The tokens in a row. Raises Damaged, Unopenable, Busy."""

    def unwrap(name: str) -> str:
        wrapped = row.values.get(name)
        if wrapped is None and name == "refresh":
            return ""  # some providers give none: the person agrees anew instead
        if not isinstance(wrapped, bytes):
            raise Damaged("a row of tokens is malformed")
        return box.unwrap(wrapped, _context(connection_id, name)).decode()

    return Tokens(unwrap("access"), unwrap("refresh"))


def wrap_client_secret(box: Box, provider_id: str, secret: str) -> bytes:
    """The hub's secret at a provider, for the provider's row."""
    return box.wrap(secret.encode(), _client_context(provider_id))


def open_client_secret(box: Box, provider_id: str, wrapped: bytes) -> str:
    """The hub's secret at a provider. Raises Unopenable, Busy."""
    try:
        return box.unwrap(wrapped, _client_context(provider_id)).decode()
    except UnicodeDecodeError:
        raise Unopenable("these bytes do not open here") from None


def _context(connection_id: ConnectionId, name: str) -> dict[str, str]:
    return {"purpose": "provider-token", "connection": connection_id, "token": name}


def _client_context(provider_id: str) -> dict[str, str]:
    return {"purpose": "provider-client", "provider": provider_id}
