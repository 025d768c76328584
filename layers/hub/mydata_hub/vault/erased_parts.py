"""Erased parts: what a person took out of their vault for good, and what may not come back.

A part is one provider's records, one dataset's, or those of a time; always up to an instant. It
stands in the rows of the vault's keys and of its public key, as what was erased (ids and instants,
in clear like every announcement's), with the key version that its erasure began: records under an
earlier one are left out by whoever opens them, until all of these are sealed again without; and
intake leaves out what a provider tells of it again. What a person brings themselves is let in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from mydata_hub.errors import BadInput, Damaged, LimitExceeded
from mydata_hub.fields import Dataset, PartyId, require_id, require_instant, require_word
from mydata_hub.ports.tables import Row, Value

FIELD: Final = "erased_parts"
MAX_PARTS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a part consists of: exactly one of provider, dataset and a time that begins somewhere.

    `since` is the first instant and `until` the first one behind; a provider's or a dataset's part
    is everything before `until`.
    """

    until: datetime
    provider_id: PartyId | None = None
    dataset: Dataset | None = None
    since: datetime | None = None

    def __post_init__(self) -> None:
        named = [one for one in (self.provider_id, self.dataset, self.since) if one is not None]
        if len(named) != 1:
            raise BadInput("part", "takes a provider, a dataset or a time")
        if self.provider_id is not None:
            require_id("provider", self.provider_id)
        if self.dataset is not None:
            require_word("dataset", self.dataset)
        require_instant("until", self.until)
        if self.since is not None:
            require_instant("since", self.since)
            if self.since >= self.until:
                raise BadInput("until", "takes a day that is not before the first one")

    def covers(self, provider_id: str, dataset: str, occurred_at: datetime) -> bool:
        """Whether a record that was in the vault is of this part; a provider's or a dataset's are
        all of it, whatever instant a record is from."""
        if self.since is not None:
            return self.since <= occurred_at < self.until
        return self.provider_id in (None, provider_id) and self.dataset in (None, dataset)

    def keeps_out(self, provider_id: str, dataset: str, occurred_at: datetime) -> bool:
        """Whether what a provider tells afterwards is of this part, and stays out."""
        return occurred_at < self.until and self.covers(provider_id, dataset, occurred_at)

    def plain(self) -> dict[str, str]:
        """The scope as it is told and signed: what does not apply is left out."""
        told = {
            "provider": self.provider_id,
            "dataset": self.dataset,
            "since": self.since and _instant(self.since),
            "until": _instant(self.until),
        }
        return {name: str(text) for name, text in told.items() if text is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedPart:
    """A part, and the key version that began with its erasure."""

    scope: Scope
    key_version: int


def read_scope(told: Mapping[str, str]) -> Scope:
    """The scope that `plain` gave. Raises Damaged."""
    try:
        since = told.get("since")
        return Scope(
            until=datetime.fromisoformat(told["until"]),
            provider_id=PartyId(told["provider"]) if "provider" in told else None,
            dataset=Dataset(told["dataset"]) if "dataset" in told else None,
            since=datetime.fromisoformat(since) if since is not None else None,
        )
    except (KeyError, TypeError, ValueError, BadInput):
        raise Damaged("an erased part is malformed") from None


def read_parts(row: Row | None) -> tuple[ErasedPart, ...]:
    """The erased parts that a row of keys, or of a public key, tells of. Raises Damaged."""
    told = row.values.get(FIELD, ()) if row else ()
    if not isinstance(told, Sequence) or isinstance(told, str | bytes):
        raise Damaged("erased parts are malformed")
    found = []
    for one in told:
        version = one.get("key_version") if isinstance(one, Mapping) else None
        if type(version) is not int:
            raise Damaged("erased parts are malformed")
        scope = read_scope(cast("Mapping[str, str]", one))
        found.append(ErasedPart(scope=scope, key_version=version))
    return tuple(found)


def values_with(parts: Sequence[ErasedPart]) -> dict[str, Value]:
    """The value that both rows have beside their own. Raises LimitExceeded."""
    if len(parts) > MAX_PARTS:
        raise LimitExceeded(f"a vault remembers at most {MAX_PARTS} erased parts")
    told: list[Value] = [{**one.scope.plain(), "key_version": one.key_version} for one in parts]
    return {FIELD: told}


def is_left_out(
    parts: Sequence[ErasedPart],
    key_version: int,
    provider_id: str,
    dataset: str,
    occurred_at: datetime,
) -> bool:
    """Whether a record in a segment under this key version was erased since it was sealed."""
    return any(
        key_version < part.key_version and part.scope.covers(provider_id, dataset, occurred_at)
        for part in parts
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
