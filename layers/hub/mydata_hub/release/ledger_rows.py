"""The ledger as rows: one for each person and group, one for the person over all groups.

Table `ledger`, format 1; partition is the vault, sort is "group#<group>" or "person". Charges and
uses lie in clear, because the person's pages show them and no key of a vault is there; answers are
sealed under the vault's profile secret and go with it. `charges` is a list of [claim, attributes,
period, units, instant, grant, grant's last instant], `uses` maps a grant to [first day of its unit,
count], `prepaid` a grant to the claims that were paid for when it was given and are not told yet.
Change rule: a member may be added with a default, another layout takes the next format; readers
accept n - 1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, cast

from mydata_hub.errors import Damaged, LimitExceeded
from mydata_hub.fields import ClaimRef, GroupId, VaultId
from mydata_hub.insights.answers import Coverage
from mydata_hub.ports.tables import Absent, Key, Put, Row, Value, VersionIs, size_of
from mydata_hub.release.ledger import Answer, Charge, Ledger, Total

TABLE: Final = "ledger"
MAX_ROW_BYTES: Final = 32 * 1024
# What a row holds for answers before there is one: `keeping` reads it without a key.
NOTHING_TOLD: Final = b"\x00{}"


def ledger_key(vault_id: VaultId, group: GroupId) -> Key:
    """The row of a person and a group."""
    return Key(TABLE, vault_id, f"group#{group}")


def total_key(vault_id: VaultId) -> Key:
    """The row of a person over all groups."""
    return Key(TABLE, vault_id, "person")


def sealed_answers(row: Row | None) -> bytes | None:
    """The answers as they lie in a row, or None where nothing was told yet."""
    return None if row is None else cast("bytes | None", row.values.get("answers"))


def read_ledger(row: Row | None, answers: bytes | None = None) -> Ledger:
    """The ledger in a row, with its answers once they are open. Raises Damaged."""
    if row is None:
        return Ledger()
    try:
        values = cast("Mapping[str, Any]", row.values)
        uses = {
            grant_id: (date.fromisoformat(unit), int(count))
            for grant_id, (unit, count) in values["uses"].items()
        }
        charges = tuple(_read_charge(*charge) for charge in values["charges"])
        prepaid = {
            grant_id: tuple(ClaimRef(claim) for claim in claims)
            for grant_id, claims in values.get("prepaid", {}).items()
        }
        told = _read_answers(answers)
        return Ledger(charges=charges, uses=uses, answers=told, prepaid=prepaid)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Damaged("a ledger row is malformed") from None


def encode_answers(ledger: Ledger) -> bytes:
    """The answers, to be sealed; padded, so that the length of a row tells no symbol."""
    told = {
        claim: [
            answer.symbol.ljust(32),
            answer.period,
            answer.coverage.sources,
            _until(answer.coverage).ljust(32),
        ]
        for claim, answer in sorted(ledger.answers.items())
    }
    return json.dumps(told).encode()


def put_ledger(key: Key, row: Row | None, ledger: Ledger, answers: bytes) -> Put:
    """The change that writes a ledger over the row it came from. Raises LimitExceeded."""
    charges: list[Value] = [_charge(one) for one in ledger.charges]
    values: dict[str, Value] = {
        "charges": charges,
        "uses": {name: [unit.isoformat(), count] for name, (unit, count) in ledger.uses.items()},
        "answers": answers,
        "prepaid": {name: list(claims) for name, claims in ledger.prepaid.items()},
    }
    if size_of(values) > MAX_ROW_BYTES:
        raise LimitExceeded(f"a ledger row takes at most {MAX_ROW_BYTES} bytes")
    return Put(key=key, values=values, when=_over(row))


def read_total(row: Row | None) -> Total:
    """The total in a row. Raises Damaged."""
    if row is None:
        return Total()
    try:
        found = cast("Mapping[str, Any]", row.values)["charges"]
        charges = [(datetime.fromisoformat(at), GroupId(group), int(n)) for at, group, n in found]
        return Total(charges=tuple(charges))
    except (KeyError, TypeError, ValueError):
        raise Damaged("a ledger row is malformed") from None


def put_total(key: Key, row: Row | None, total: Total) -> Put:
    """The change that writes a total over the row it came from."""
    charges: list[Value] = [[_instant(at), group, units] for at, group, units in total.charges]
    return Put(key=key, values={"charges": charges}, when=_over(row))


def _charge(one: Charge) -> Value:
    at, until = _instant(one.charged_at), _instant(one.grant_until)
    return [one.claim, list(one.attributes), one.period, one.units, at, one.grant_id, until]


def _read_charge(
    claim: str, attributes: list[str], period: str, units: int, at: str, grant: str, until: str
) -> Charge:
    return Charge(
        claim=ClaimRef(claim),
        attributes=tuple(attributes),
        period=period,
        units=int(units),
        charged_at=datetime.fromisoformat(at),
        grant_id=grant,
        grant_until=datetime.fromisoformat(until),
    )


def _read_answers(encoded: bytes | None) -> dict[ClaimRef, Answer]:
    told = json.loads(encoded) if encoded is not None else {}
    return {
        ClaimRef(claim): Answer(
            symbol=symbol.rstrip(), period=period, coverage=_read_coverage(*covered)
        )
        for claim, (symbol, period, *covered) in told.items()
    }


def _until(coverage: Coverage) -> str:
    until = coverage.complete_until
    return "" if until is None else _instant(until)


def _read_coverage(sources: int = 0, until: str = "") -> Coverage:
    # Answers that were kept before there was a coverage have none.
    instant = until.rstrip()
    at = datetime.fromisoformat(instant) if instant else None
    return Coverage(sources=int(sources), complete_until=at)


def _over(row: Row | None) -> Absent | VersionIs:
    return Absent() if row is None else VersionIs(row.version)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
