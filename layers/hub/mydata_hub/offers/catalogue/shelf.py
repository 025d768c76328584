"""The shelf: every offer that partners ever published, by version, and what became of each.

Table `offers`, format 1. `offer#<id>`/"-" is the head of an offer, `offer#<id>`/`v<8 digits>` one
version with its document as it was checked; versions are never deleted, because who accepted one
holds on to it. `client#<client_id>`/<name> lists a partner's offers, `queue`/<instant>#<id>#<n>
the versions that wait for an operator, `published`/<id> what the next snapshot holds. Nothing here
names a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from mydata_hub.errors import BadInput, Damaged
from mydata_hub.fields import ClientId, require_id
from mydata_hub.offers.catalogue.offer import OfferId
from mydata_hub.ports.tables import (
    MAX_FETCH,
    MAX_PAGE,
    Absent,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    Value,
    VersionIs,
)

TABLE: Final = "offers"
QUEUE: Final = "queue"
PUBLISHED: Final = "published"
# Of one partner, the withdrawn ones included: one page of its list.
MAX_OFFERS: Final = 500
MAX_VERSION: Final = 99_999_999


class OfferState(StrEnum):
    """What became of a version. `replaced`: its partner sent a newer one before it was decided."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is so of an offer now. `approved` is the version that people may be shown, if any."""

    offer_id: OfferId
    client: ClientId
    name: str
    latest: int
    # Of the latest version.
    state: OfferState
    approved: int | None = None
    # Over all versions, counted in the commit of each acceptance and redemption.
    accepted: int = 0
    redeemed: int = 0
    # Of the approved version: how many acceptances there are in all; None for no end.
    stock: int | None = None
    row_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """One version of an offer: the bytes of the Offer as it was checked, and the decision on it."""

    offer_id: OfferId
    version: int
    document: bytes
    # SHA-256 (hex) of what its eligibility was compiled to: what is approved is what runs.
    condition: str
    # The claims that an acceptance tells, and its price in bits, as they were when it was checked.
    discloses: tuple[str, ...]
    bits: str
    submitted_at: datetime
    state: OfferState = OfferState.WAITING
    # Why it was refused, for its partner to read.
    reason: str | None = None
    decided_at: datetime | None = None
    row_version: int = 0


def head_key(offer_id: str) -> Key:
    """The row of an offer's head."""
    return Key(TABLE, f"offer#{offer_id}")


def version_key(offer_id: str, version: int) -> Key:
    """The row of one version."""
    return Key(TABLE, f"offer#{offer_id}", f"v{version:08d}")


def fetch_offer(
    tables: Tables, offer_id: str, *versions: int
) -> tuple[Head | None, dict[int, Submitted]]:
    """The head, and of the versions named those that there are. Raises Damaged, Busy."""
    if not _is_name(offer_id):  # no offer has it, and no row could
        return None, {}
    keys = [version_key(offer_id, version) for version in versions]
    rows = tables.fetch_many(head_key(offer_id), *keys)
    head = rows.get(head_key(offer_id))
    found = [read_submitted(rows[key]) for key in keys if key in rows]
    return (None if head is None else read_head(head)), {one.version: one for one in found}


def fetch_submitted(tables: Tables, wanted: Sequence[tuple[str, int]]) -> list[Submitted]:
    """These versions, in this order; what is not there is left out. Raises Damaged, Busy."""
    found: list[Submitted] = []
    for start in range(0, len(wanted), MAX_FETCH):
        keys = [version_key(*one) for one in wanted[start : start + MAX_FETCH]]
        rows = tables.fetch_many(*keys)
        found += [read_submitted(rows[key]) for key in keys if key in rows]
    return found


def fetch_heads(tables: Tables, offer_ids: Sequence[str]) -> list[Head]:
    """The heads of offers, in this order. Raises Damaged, Busy."""
    found: list[Head] = []
    for start in range(0, len(offer_ids), MAX_FETCH):
        keys = [head_key(one) for one in offer_ids[start : start + MAX_FETCH]]
        rows = tables.fetch_many(*keys)
        found += [read_head(rows[key]) for key in keys if key in rows]
    return found


def names_of(tables: Tables, client_id: str) -> list[str]:
    """The names of a partner's offers, MAX_OFFERS at most. Raises Busy."""
    page = tables.query(TABLE, f"client#{client_id}", limit=MAX_OFFERS)
    return [row.key.sort for row in page.rows]


def waiting(tables: Tables, limit: int) -> list[tuple[OfferId, int]]:
    """What waits for an operator, the longest first. Raises Busy."""
    page = tables.query(TABLE, QUEUE, limit=limit)
    parts = (row.key.sort.split("#") for row in page.rows)
    return [(OfferId(offer_id), int(version)) for _, offer_id, version in parts]


def published(tables: Tables) -> Iterator[tuple[OfferId, int]]:
    """Every approved version, by the offers' ids. Raises Busy."""
    after: str | None = None
    while True:
        page = tables.query(TABLE, PUBLISHED, after=after, limit=MAX_PAGE)
        for row in page.rows:
            yield OfferId(row.key.sort), _version_in(row)
        after = page.after
        if after is None:
            return


def fetch_published(tables: Tables, offer_id: str) -> Row | None:
    """The row by which an offer is in the next snapshot. Raises Busy."""
    key = Key(TABLE, PUBLISHED, offer_id)
    return tables.fetch_many(key).get(key)


def put_head(head: Head) -> Put:
    """Write the head as it is now, if nobody has written it since it was read."""
    values: dict[str, Value] = {
        "client": head.client,
        "name": head.name,
        "latest": head.latest,
        "state": head.state.value,
        "approved": head.approved,
        "accepted": head.accepted,
        "redeemed": head.redeemed,
        "stock": head.stock,
    }
    when = VersionIs(head.row_version) if head.row_version else Absent()
    return Put(key=head_key(head.offer_id), values=values, when=when)


def put_submitted(one: Submitted) -> Put:
    """Write a version and what became of it; its document never changes."""
    values: dict[str, Value] = {
        "document": one.document,
        "condition": one.condition,
        "discloses": list(one.discloses),
        "bits": one.bits,
        "submitted_at": _instant(one.submitted_at),
        "state": one.state.value,
        "reason": one.reason,
        "decided_at": None if one.decided_at is None else _instant(one.decided_at),
    }
    when = VersionIs(one.row_version) if one.row_version else Absent()
    return Put(key=version_key(one.offer_id, one.version), values=values, when=when)


def list_under(head: Head) -> Put:
    """List a new offer under its partner."""
    return Put(key=Key(TABLE, f"client#{head.client}", head.name), values={}, when=Absent())


def enqueue(one: Submitted) -> Put:
    """Have a version wait for an operator."""
    return Put(key=_queue_key(one), values={}, when=Absent())


def dequeue(one: Submitted) -> Delete:
    """It waits no more; a queue row is written once."""
    return Delete(_queue_key(one), VersionIs(1))


def unpublish(before: Row) -> Delete:
    """Have the next snapshot hold this offer no more."""
    return Delete(before.key, VersionIs(before.version))


def put_published(offer_id: str, version: int, before: Row | None) -> Put:
    """Have the next snapshot hold this version, in place of what `before` named."""
    return Put(
        key=Key(TABLE, PUBLISHED, offer_id),
        values={"shows": version},
        when=Absent() if before is None else VersionIs(before.version),
    )


def read_head(row: Row) -> Head:
    """The head in a row. Raises Damaged."""
    values: Any = row.values
    try:
        return Head(
            offer_id=OfferId(row.key.partition.removeprefix("offer#")),
            client=ClientId(values["client"]),
            name=values["name"],
            latest=values["latest"],
            state=OfferState(values["state"]),
            approved=values["approved"],
            accepted=values["accepted"],
            redeemed=values["redeemed"],
            stock=values["stock"],
            row_version=row.version,
        )
    except (KeyError, TypeError, ValueError):
        raise Damaged("a head of an offer does not hold one") from None


def read_submitted(row: Row) -> Submitted:
    """The version in a row. Raises Damaged."""
    values: Any = row.values
    try:
        decided = values["decided_at"]
        return Submitted(
            offer_id=OfferId(row.key.partition.removeprefix("offer#")),
            version=int(row.key.sort.removeprefix("v")),
            document=bytes(values["document"]),
            condition=values["condition"],
            discloses=tuple(values["discloses"]),
            bits=values["bits"],
            submitted_at=datetime.fromisoformat(values["submitted_at"]),
            state=OfferState(values["state"]),
            reason=values["reason"],
            decided_at=None if decided is None else datetime.fromisoformat(decided),
            row_version=row.version,
        )
    except (KeyError, TypeError, ValueError):
        raise Damaged("a version of an offer does not hold one") from None


def _queue_key(one: Submitted) -> Key:
    return Key(TABLE, QUEUE, f"{_instant(one.submitted_at)}#{one.offer_id}#{one.version}")


def _is_name(offer_id: str) -> bool:
    try:
        require_id("offer_id", offer_id)
    except BadInput:
        return False
    return True


def _version_in(row: Row) -> int:
    version = row.values.get("shows")
    if not isinstance(version, int):
        raise Damaged("a row that names a version of an offer names none")
    return version


def _instant(at: datetime) -> str:
    # In one form, so that the queue sorts by it.
    return at.astimezone(UTC).isoformat(timespec="microseconds")
