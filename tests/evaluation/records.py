"""Can the canonical Record hold a real bank statement, losing nothing?

Berka (PKDD'99): 49,102 transactions of 1,229 accounts, Czech, 1993 and 1994. The mapping below is
the evaluation's own; the connectors' mappings are evaluated where they are built.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from mydata_hub.collection.record import Provenance, Record, RecordState
from mydata_hub.errors import HubError


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How many rows came back as they were, and what they weigh."""

    rows: int
    accounts: int
    lossless: int
    refused: int
    mean_bytes: float
    mean_source_bytes: float
    distinct_digests: int


def rows_of_berka(data: Path) -> Iterator[dict[str, str]]:
    """Every row of the statement, as text."""
    path = data / "berka" / "trans_1993_94.asc"
    with path.open(encoding="cp1250", newline="") as file:
        yield from csv.DictReader(file, delimiter=";")


def as_record(row: dict[str, str]) -> Record:
    """A row of the statement as a canonical record; money leaves with VYDAJ and VYBER."""
    minor = int(Decimal(row["amount"]) * 100)
    return Record(
        record_id=f"berka-{row['trans_id']}",
        dataset="payments",
        schema_version=1,
        connection_id=f"berka-account-{row['account_id']}",
        source_id=row["trans_id"],
        occurred_at=datetime.strptime(f"19{row['date']}", "%Y%m%d").replace(tzinfo=UTC),
        amount_minor=minor if row["type"] == "PRIJEM" else -minor,
        currency="CZK",
        counterparty=f"{row['bank']}:{row['account']}" if row["bank"] or row["account"] else None,
        category="unknown",
        state=RecordState.BOOKED,
        provenance=Provenance.COLLECTED,
        body={name: row[name] for name in ("type", "operation", "k_symbol", "balance")},
    )


def as_row(record: Record) -> dict[str, str]:
    """The row again, from nothing but the record."""
    assert record.amount_minor is not None
    bank, _, account = (record.counterparty or ":").partition(":")
    return {
        "trans_id": record.source_id,
        "account_id": record.connection_id.removeprefix("berka-account-"),
        "date": record.occurred_at.strftime("%y%m%d"),
        "amount": f"{abs(record.amount_minor) / 100:.2f}",
        "bank": bank,
        "account": account,
        **record.body,
    }


def hold_berka(data: Path) -> Held:
    """Encode, decode and compare every row."""
    accounts: set[str] = set()
    digests: set[bytes] = set()
    rows = lossless = refused = size = source_size = 0
    for row in rows_of_berka(data):
        rows += 1
        accounts.add(row["account_id"])
        source_size += len(";".join(row.values())) + 1
        try:
            encoded = as_record(row).encode()
            found = Record.decode(encoded)
        except HubError:
            refused += 1
            continue
        size += len(encoded)
        digests.add(hashlib.sha256(encoded).digest())
        lossless += as_row(found) == row
    kept = max(rows - refused, 1)
    return Held(
        rows=rows,
        accounts=len(accounts),
        lossless=lossless,
        refused=refused,
        mean_bytes=size / kept,
        mean_source_bytes=source_size / max(rows, 1),
        distinct_digests=len(digests),
    )
