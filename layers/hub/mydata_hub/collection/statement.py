"""Statements: a bank's CSV that the person brings, as records of provenance self_supplied."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO, Final

from mydata_hub.collection.csv_lines import MAX_ROWS, BrokenLine, Cells, read_cells
from mydata_hub.collection.datasets import BANK_TRANSACTIONS
from mydata_hub.collection.mapping import StatementMapping
from mydata_hub.collection.merchant_codes import categorise_merchant
from mydata_hub.collection.record import MAX_COUNTERPARTY_LETTERS, Provenance, Record
from mydata_hub.collection.wire import Asked, make_record, opaque, to_minor
from mydata_hub.errors import BadInput
from mydata_hub.fields import ConnectionId

BATCH_RECORDS: Final = 2000
# More than this, and it is the mapping that is wrong, not the lines.
MAX_BROKEN: Final = 1000
_NUMBER: Final = re.compile(r"[+-]?\d{1,18}(\.\d{1,9})?")


class _Broken(Exception):
    def __init__(self, column: str, problem: str) -> None:
        super().__init__(problem)
        self.column = column
        self.problem = problem


class Statement:
    """One pass over one file. `broken` and `count` are complete once `batches` has ended.

    All or nothing is the caller's commit: seal the batches, then `require_whole` and commit them
    together, or leave them.
    """

    def __init__(
        self,
        stream: BinaryIO,
        mapping: StatementMapping,
        connection_id: ConnectionId,
        file: str,
        now: datetime,
        most_rows: int = MAX_ROWS,
    ) -> None:
        """`file` is what broken lines are told under; `now` is the latest instant of a line."""
        self._stream = stream
        self._mapping = mapping
        self._asked = Asked(connection_id, "", now)
        self._file = file
        self._most_rows = most_rows
        self._header: list[str] = []
        self._seen: dict[bytes, int] = {}
        self.broken: list[BrokenLine] = []
        self.count = 0

    def batches(self, size: int = BATCH_RECORDS) -> Iterator[tuple[Record, ...]]:
        """The records, some at a time. Raises BadInput or TooLarge for a file that is refused."""
        held: list[Record] = []
        for item in self._items():
            if isinstance(item, BrokenLine):
                self.broken.append(item)
                if len(self.broken) > MAX_BROKEN:
                    raise BadInput("mapping", f"fits badly: over {MAX_BROKEN} lines are broken")
                continue
            self.count += 1
            held.append(item)
            if len(held) == size:
                yield tuple(held)
                held = []
        if held:
            yield tuple(held)

    def require_whole(self) -> None:
        """Refuse a statement that has broken lines. Raises BadInput, naming the first."""
        if self.broken:
            first = self.broken[0]
            place = f"line {first.line}, column {first.column}"
            raise BadInput(place, f"{first.problem}; {len(self.broken)} lines are broken")

    def _items(self) -> Iterator[Record | BrokenLine]:
        mapping = self._mapping
        rows = read_cells(
            self._stream, mapping.encoding, mapping.delimiter, self._file, self._most_rows
        )
        if mapping.header is not None:
            self._take_header(mapping.header)
        for row in rows:
            if row.line <= mapping.skip_lines:
                continue
            if isinstance(row, BrokenLine):
                yield row
            elif not self._header:
                self._take_header([cell.strip() for cell in row.cells])
            else:
                yield self._read(row)
        if not self._header:
            raise BadInput("file", "has no header line")

    def _take_header(self, header: list[str]) -> None:
        missing = sorted(self._mapping.columns - set(header))
        if missing:
            raise BadInput("header", f"has no column {', '.join(missing)}")
        if any(header.count(name) > 1 for name in self._mapping.columns):
            raise BadInput("header", "has a column of the mapping twice")
        self._header = header

    def _read(self, row: Cells) -> Record | BrokenLine:
        header = self._header
        if len(row.cells) != len(header):
            problem = f"has {len(row.cells)} cells where the header has {len(header)}"
            return self._tell(row.line, min(len(row.cells), len(header)), problem)
        told = dict(zip(header, (cell.strip() for cell in row.cells), strict=True))
        try:
            return self._record(told)
        except _Broken as error:
            return self._tell(row.line, header.index(error.column) + 1, error.problem)

    def _tell(self, line: int, column: int, problem: str) -> BrokenLine:
        return BrokenLine(self._file, line, column, self._header[column - 1], problem)

    def _record(self, told: dict[str, str]) -> Record:
        mapping, asked = self._mapping, self._asked
        at = self._instant(told)
        amount = self._amount(told)
        balance = None
        if mapping.balance_column and told[mapping.balance_column]:
            balance = self._number(told, mapping.balance_column)
        parties = [self._text(told, name) for name in mapping.counterparty_columns]
        counterparty = ":".join(part for part in parties if part) or None
        if counterparty is not None and len(counterparty) > MAX_COUNTERPARTY_LETTERS:
            raise _Broken(mapping.counterparty_columns[0], "is too long")
        number = self._text(told, mapping.account_column)
        account = opaque(asked.connection_id, number or "statement")
        memo = self._text(told, mapping.memo_column)
        return make_record(
            asked,
            BANK_TRANSACTIONS,
            f"{account}:{self._source_id(told)}",
            at,
            {
                "kind": self._text(told, mapping.kind_column) or "unknown",
                "memo": memo,
                "balance_minor": balance,
                "account": account,
                "counter_account": counterparty,
            },
            money=(amount, mapping.currency),
            counterparty=counterparty or memo,
            category=categorise_merchant(
                counterparty or memo, self._text(told, mapping.code_column)
            ),
            provenance=Provenance.SELF_SUPPLIED,
        )

    def _source_id(self, told: dict[str, str]) -> str:
        """The bank's number; else the contents and how many like lines came before, so that the
        same statement, or one that overlaps it by whole days, gives the same records again."""
        column = self._mapping.id_column
        named = self._text(told, column) if column else None
        line = [told[name] for name in sorted(self._mapping.columns)]
        content = repr(named or line).encode("utf-8", "surrogatepass")
        mark = hashlib.blake2b(content, digest_size=16).digest()
        before = self._seen.get(mark, 0)
        self._seen[mark] = before + 1
        if column and named is None:
            raise _Broken(column, "is empty")
        if column and before:
            raise _Broken(column, "is the number of an earlier line")
        return named or f"{mark.hex()}:{before}"

    def _instant(self, told: dict[str, str]) -> datetime:
        mapping = self._mapping
        text = told[mapping.date_column]
        if mapping.time_column:
            text = f"{text} {told[mapping.time_column]}"
        try:
            at = datetime.strptime(text, mapping.date_format).replace(tzinfo=mapping.zone)
        except ValueError:
            raise _Broken(mapping.date_column, f"is no date as {mapping.date_format}") from None
        if not at.year >= 1900 or at > self._asked.at:
            raise _Broken(mapping.date_column, "lies in the future or before 1900")
        return at

    def _amount(self, told: dict[str, str]) -> int:
        rule = self._mapping.amount
        if rule.column is None:
            pays, receives = str(rule.pays_column), str(rule.receives_column)
            paid = self._number(told, pays) if told[pays] else 0
            received = self._number(told, receives) if told[receives] else 0
            if (paid and received) or not (told[pays] or told[receives]):
                raise _Broken(pays, "and the other direction are both filled or both empty")
            return received - paid
        amount = self._number(told, rule.column)
        if rule.direction_column is None:
            return -amount if rule.sign == "negated" else amount
        word = told[rule.direction_column]
        if word not in rule.pays and word not in rule.receives:
            raise _Broken(rule.direction_column, "is no direction that the mapping knows")
        return -amount if word in rule.pays else amount

    def _number(self, told: dict[str, str], column: str) -> int:
        text = told[column].replace("\u00a0", " ")
        if self._mapping.thousands_mark:
            text = text.replace(self._mapping.thousands_mark, "")
        text = text.replace(self._mapping.decimal_mark, ".")
        found = None
        if text.isascii() and _NUMBER.fullmatch(text):
            found = to_minor(Decimal(text), self._mapping.currency)
        if found is None:
            raise _Broken(column, f"is no amount in {self._mapping.currency}")
        return found

    def _text(self, told: dict[str, str], column: str | None) -> str | None:
        text = told[column] if column else ""
        if len(text) > MAX_COUNTERPARTY_LETTERS - 32:
            raise _Broken(str(column), "is too long")
        return text or None
