"""Providers: which data providers this hub knows, who it is there, and where they are.

Table `providers`, one partition, sort key the provider's id, format 1. The edge reads it to show
names and to send browsers on; the hub's secret at a provider lies in the row, wrapped for intake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from mydata_hub.errors import BadInput, Damaged, NotFound
from mydata_hub.fields import Dataset, PartyId, Wording, require_id, require_text
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, Value, VersionIs
from mydata_hub.transparency.events import AuditFacts
from mydata_hub.transparency.house import OPERATOR, house_event

TABLE: Final = "providers"
REGISTERED: Final = "provider_registered"
PARTITION: Final = "provider"
# What a family can tell, in the order people read it.
DATASETS: Final[Mapping[str, tuple[Dataset, ...]]] = {
    "card": (Dataset("card.approvals"), Dataset("card.bills")),
    "efin": (Dataset("efin.payments"),),
    "bank": (Dataset("bank.transactions"), Dataset("bank.accounts")),
    "invest": (Dataset("invest.balances"),),
    "insurer": (Dataset("insurance.contracts"),),
    "mobility": (Dataset("mobility.trips"),),
}
MAX_PROVIDERS: Final = 1000
_MAX_LETTERS: Final = 300
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# It stands in a path of ours and in people's grants, so it is stricter than an id.
_PROVIDER_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEntry:
    """One provider. `wrapped_secret` opens for intake alone (see tokens.py)."""

    provider_id: PartyId
    family: str
    name: Wording
    # Where its API is, and where a person's browser is sent to agree there.
    base_url: str
    authorize_url: str
    org_code: str
    client_id: str
    wrapped_secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        require_id("provider_id", self.provider_id)
        if not _PROVIDER_ID.fullmatch(self.provider_id):
            raise BadInput("provider_id", "takes lower-case letters, digits and -")
        if self.family not in DATASETS:
            raise BadInput("family", f"takes one of {', '.join(DATASETS)}")
        for name in ("org_code", "client_id"):
            require_text(name, getattr(self, name), _MAX_LETTERS)
        for name in ("base_url", "authorize_url"):
            _require_url(name, getattr(self, name))

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """What it can tell."""
        return DATASETS[self.family]

    def to_values(self) -> dict[str, Value]:
        """The values of its row."""
        return {
            "family": self.family,
            "name": {"ko": self.name.ko, "en": self.name.en},
            "base_url": self.base_url,
            "authorize_url": self.authorize_url,
            "org_code": self.org_code,
            "client_id": self.client_id,
            "wrapped_secret": self.wrapped_secret,
        }


def list_providers(tables: Tables) -> tuple[ProviderEntry, ...]:
    """Every provider, by its id. Raises Damaged, Busy."""
    page = tables.query(TABLE, PARTITION, limit=MAX_PROVIDERS)
    return tuple(read_provider(row) for row in page.rows)


def fetch_provider(tables: Tables, provider_id: str) -> ProviderEntry:
    """One provider. Raises NotFound, Damaged, Busy."""
    row = None
    if _PROVIDER_ID.fullmatch(provider_id):
        key = provider_key(provider_id)
        row = tables.fetch_many(key).get(key)
    if row is None:
        raise NotFound("there is no such provider")
    return read_provider(row)


def put_provider(tables: Tables, entry: ProviderEntry, clock: Clock, entropy: Entropy) -> None:
    """Add a provider or replace what is known of it; the log is told. Raises Conflict, Busy."""
    key = provider_key(entry.provider_id)
    before = tables.fetch_many(key).get(key)
    when = VersionIs(before.version) if before else Absent()
    row = key, before.version + 1 if before else 1
    facts = AuditFacts(partner=entry.provider_id)
    told = house_event(entropy, REGISTERED, clock.now(), row, facts, OPERATOR)
    tables.commit(Put(key=key, values=entry.to_values(), when=when), told)


def provider_key(provider_id: str) -> Key:
    """The row of a provider."""
    return Key(TABLE, PARTITION, provider_id)


def read_provider(row: Row) -> ProviderEntry:
    """The provider in a row. Raises Damaged."""
    values: dict[str, Any] = dict(row.values)
    try:
        name = values.pop("name")
        return ProviderEntry(
            provider_id=PartyId(row.key.sort), name=Wording(ko=name["ko"], en=name["en"]), **values
        )
    except (BadInput, KeyError, TypeError):
        raise Damaged("a provider's row is malformed") from None


def _require_url(name: str, url: str) -> None:
    require_text(name, url, _MAX_LETTERS)
    parts = urlsplit(url)
    # Plain HTTP never leaves this machine.
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (parts.hostname and (parts.scheme == "https" or local)) or parts.query or parts.fragment:
        raise BadInput(name, "takes https://<host>/<path>, or http:// on loopback")
