"""A person's own statement: read by its mapping, broken lines named, hostile files refused."""

from __future__ import annotations

import io
import itertools
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.collection.csv_lines import MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS, BrokenLine
from mydata_hub.collection.mapping import BUILT_IN, StatementMapping, read_mapping
from mydata_hub.collection.record import Provenance, Record
from mydata_hub.collection.statement import MAX_BROKEN, Statement
from mydata_hub.errors import BadInput, Refusal, TooLarge

from tests.evaluation.real_data import evaluation_data

NOW = datetime(2026, 3, 10, tzinfo=UTC)
KR = BUILT_IN["kr_bank"]
HEADER = "거래일시,적요,보낸분/받는분,송금메모,출금액,입금액,거래후잔액\n"
GOOD = '2026-03-01 09:30:00,체크카드,스타벅스,,"4,500",0,"995,500"\n'


def statement(text: str | bytes, mapping: StatementMapping = KR) -> Statement:
    data = text.encode() if isinstance(text, str) else text
    return Statement(io.BytesIO(data), mapping, "connection-1", "march.csv", NOW)


def read(text: str | bytes, mapping: StatementMapping = KR) -> tuple[list[Record], Statement]:
    read_one = statement(text, mapping)
    return [record for batch in read_one.batches(2) for record in batch], read_one


def test_a_line_becomes_a_self_supplied_record() -> None:
    ((record,), told) = read("\ufeff" + HEADER + GOOD)

    assert record.provenance is Provenance.SELF_SUPPLIED
    assert (record.amount_minor, record.currency) == (-4500, "KRW")
    assert record.occurred_at.isoformat() == "2026-03-01T09:30:00+09:00"
    assert (record.counterparty, record.category) == ("스타벅스", "cafe")
    assert record.body["balance_minor"] == 995500
    assert told.broken == []
    told.require_whole()


def test_the_same_statement_gives_the_same_records_again() -> None:
    text = HEADER + GOOD + GOOD + GOOD.replace("4,500", "5,000")
    first, again = read(text)[0], read(text)[0]

    assert first == again
    # Two coffees at one time and price are two records.
    assert len({record.record_id for record in first}) == 3


def test_line_ends_quotes_and_empty_lines_are_read_as_csv_has_them() -> None:
    quoted = GOOD.replace("스타벅스", '"스타벅스 ""리저브"",\n강남"')
    records, told = read((HEADER + "\n" + quoted + GOOD).replace("\n", "\r\n"))

    assert told.broken == []
    assert str(records[0].counterparty).startswith('스타벅스 "리저브",')


@pytest.mark.parametrize(
    ("line", "column", "name"),
    [
        (GOOD.replace("2026-03-01", "2026-02-30"), 1, "거래일시"),
        (GOOD.replace("2026-03-01", "2026-03-20"), 1, "거래일시"),
        (GOOD.replace('"4,500"', "4.5"), 5, "출금액"),
        (GOOD.replace('"4,500"', "사천"), 5, "출금액"),
        (GOOD.replace('"4,500"', "٤٥٠٠"), 5, "출금액"),
        (GOOD.replace('"4,500",0', ","), 5, "출금액"),
        (GOOD.replace('"4,500",0', "1,2"), 5, "출금액"),
        (GOOD.replace('"995,500"', "1e9"), 7, "거래후잔액"),
        (GOOD.replace("스타벅스", "가" * 300), 3, "보낸분/받는분"),
        ("합계,,\n", 3, "보낸분/받는분"),
        (GOOD.replace("스타벅스", '"스타"벅스'), 3, ""),
        (GOOD.replace("스타벅스", '"스타벅스'), 3, ""),
    ],
)
def test_a_broken_line_names_file_line_and_column(line: str, column: int, name: str) -> None:
    records, told = read(HEADER + GOOD + line + GOOD)

    (broken,) = told.broken
    assert (broken.file, broken.line, broken.column, broken.name) == (
        *("march.csv", 3, column),
        name,
    )
    assert len(records) == 2
    with pytest.raises(BadInput, match=f"line 3, column {column}"):
        told.require_whole()


def test_a_quote_that_never_closes_is_told_at_its_line_and_takes_the_rest_along() -> None:
    plain = GOOD.replace('"4,500"', "4500").replace('"995,500"', "0")
    records, told = read(HEADER + GOOD + 'a,b,c,d,e,f,"g\n' + plain + plain)

    assert [(line.line, line.column) for line in told.broken] == [(3, 7)]
    assert len(records) == 1


def test_lines_after_a_quoted_line_end_keep_their_number() -> None:
    _, told = read(HEADER + GOOD.replace("스타벅스", '"a\nb"') + "x\n")
    assert told.broken[0].line == 4


def test_a_mapping_that_does_not_fit_is_told_instead_of_a_thousand_lines() -> None:
    with pytest.raises(BadInput, match="mapping"):
        read(HEADER + "x,,,,,,\n" * (MAX_BROKEN + 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no header"), (HEADER.replace("적요", "요적"), "적요"), ("거래일시," + HEADER, "twice")],
)
def test_a_header_that_is_not_the_mappings_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read(text)


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("march.csv", b"0" * 10_000_000)
    return packed.getvalue()


FORMULAS = ["=1+1", " =HYPERLINK(1)", "@SUM(A1)", "+1+cmd|' /C calc'!A0", "-2+3|x", "＝1"]
FORMULAS += ["-1+SUM(A1:A9)", "+Sheet1!A1", "+1\n+cmd|'x'!A0"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_refused_with_its_place(formula: str) -> None:
    with pytest.raises(BadInput, match="line 3, column 4") as caught:
        read(HEADER + GOOD + f'2026-03-01 09:30:00,체크카드,가게,"{formula}",1,0,1\n')
    assert formula not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["-", "+82 2-123-4567", "@home 카페", "-4,500", "1=1", "-할인(쿠폰) 50%!"]
)
def test_what_only_looks_a_little_like_a_formula_is_kept(text: str) -> None:
    assert len(read(HEADER + f'2026-03-01 09:30:00,체크카드,가게,"{text}",1,0,1\n')[0]) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zip_bomb(), "archive"),
        (b"\x1f\x8b\x08rest", "archive"),
        (b"\xd0\xcf\x11\xe0rest", "archive"),
        (HEADER.encode() + b"\xff\xfe,,,\n", "line 2"),
        (HEADER.encode() + GOOD.encode() * 5000 + b"\xc3", "line 5002"),
        ((HEADER + GOOD).encode("utf-16"), "line 1"),
        ((HEADER + GOOD + "a\0b").encode(), "line 3"),
        ((HEADER + GOOD + "," * MAX_COLUMNS).encode(), "line 3"),
    ],
)
def test_a_hostile_file_is_refused_as_a_whole(data: bytes, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        read(data)


class Endless(io.RawIOBase):
    """A file that never ends: `start` and then `again` for ever."""

    def __init__(self, start: bytes, again: bytes) -> None:
        self._parts: Iterator[bytes] = itertools.chain([start], itertools.repeat(again * 1000))
        self.given = 0
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            self._rest = next(self._parts)
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        self.given += len(part)
        return len(part)


@pytest.mark.parametrize(
    ("start", "again", "most_read", "most_held"),
    [
        # A line, a quoted cell, a cell, and columns without end are refused after one buffer.
        (b"", b"x", 200_000, 2_000_000),
        (HEADER.encode() + b'"', b"xx\n", 200_000, 2_000_000),
        (HEADER.encode(), b",", 200_000, 2_000_000),
        (HEADER.encode() + b'2026,"', b'"",""', 200_000, 2_000_000),
        # Empty lines and good lines end at the maximum of rows; what is held stays small.
        (HEADER.encode(), b"\n", 200_000, 2_000_000),
        (HEADER.encode(), GOOD.encode(), 600_000, 4_000_000),
    ],
    ids=["line", "quote", "columns", "cells", "empty lines", "good lines"],
)
def test_a_file_without_end_is_refused_in_bounded_memory(
    start: bytes, again: bytes, most_read: int, most_held: int
) -> None:
    stream = Endless(start, again)
    told = Statement(io.BufferedReader(stream), KR, "connection-1", "endless.csv", NOW, 3000)
    tracemalloc.start()
    try:
        with pytest.raises((TooLarge, BadInput)):
            for _ in told.batches(100):
                pass
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert stream.given <= most_read
    assert held < most_held


def test_a_file_of_a_gigabyte_stops_at_the_size_of_a_file() -> None:
    # Rows as long as a row may be: the size of the file ends it before their number does.
    row = GOOD.replace("체크카드", "x" * 200).replace("\n", "," + "x" * 15_000 + "\n")
    stream = Endless(HEADER.replace("\n", ",more\n").encode(), row.encode())
    told = Statement(io.BufferedReader(stream), KR, "connection-1", "endless.csv", NOW)

    with pytest.raises(TooLarge, match=str(MAX_FILE_BYTES)):
        for _ in told.batches(100):
            pass
    assert told.broken == []
    assert stream.given <= MAX_FILE_BYTES + 200_000
    assert told.count < MAX_ROWS


@given(st.binary(max_size=400))
def test_any_bytes_give_records_broken_lines_or_a_refusal(data: bytes) -> None:
    for mapping in (KR, BUILT_IN["kr_bank_cp949"], BUILT_IN["berka"]):
        try:
            records, told = read(HEADER.encode(mapping.encoding, "ignore") + data, mapping)
        except Refusal:
            continue
        assert all(isinstance(line, BrokenLine) for line in told.broken)
        assert told.count == len(records)


def test_a_mapping_with_signed_amounts_numbers_and_another_language_of_numbers() -> None:
    mapping = read_mapping(MAPPING)
    lines = "Kontoauszug März\nNr|Datum|Zeit|Betrag|Wer\n1|02.03.2026|08:15|1.234,56|Miete\n"
    records, told = read(
        (lines + "1|03.03.2026|08:15|1,00|x\n|03.03.2026|08:15|1,00|x\n").encode("cp1252"), mapping
    )

    (record,) = records
    assert (record.amount_minor, record.currency) == (-123456, "EUR")
    assert record.occurred_at.isoformat() == "2026-03-02T08:15:00+01:00"
    assert [(line.line, line.name) for line in told.broken] == [(4, "Nr"), (5, "Nr")]


MAPPING = b"""
name: my-bank
encoding: cp1252
delimiter: "|"
skip_lines: 1
currency: EUR
decimal_mark: ","
thousands_mark: "."
date_column: Datum
date_format: "%d.%m.%Y %H:%M"
time_column: Zeit
utc_offset: "+01:00"
amount: {column: Betrag, sign: negated}
id_column: Nr
counterparty_columns: [Wer]
"""


def test_a_file_without_a_header_has_its_columns_named_by_the_mapping() -> None:
    mapping = KR.model_copy(update={"header": HEADER.strip().split(",")})
    assert len(read(GOOD + GOOD, mapping)[0]) == 2


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        (("currency: EUR", "currency: euro"), "mapping.currency"),
        (("name: my-bank", "name: my-bank\ncolour: red"), "mapping.colour"),
        (("id_column: Nr", "id_column: 7"), "mapping.id_column"),
        (("encoding: cp1252", "encoding: utf-7"), "mapping.encoding"),
        (("sign: negated", "pays_column: a"), "mapping.amount"),
        (("sign: negated", "pays_column: a, receives_column: b"), "mapping.amount"),
        (("sign: negated", "direction_column: a"), "mapping.amount"),
        (("sign: negated", "direction_column: a, pays: [x], receives: [x]"), "mapping.amount"),
        (('thousands_mark: "."', 'thousands_mark: ","'), "mapping"),
        (("%d.%m.%Y %H:%M", "%Z"), "mapping.date_format"),
        (('"+01:00"', '"Seoul"'), "mapping.utc_offset"),
        (("name:", "\tname:"), "mapping"),
    ],
)
def test_a_mapping_that_is_wrong_names_the_field(changed: tuple[str, str], place: str) -> None:
    declared = MAPPING.decode().replace(*changed)
    assert declared != MAPPING.decode()
    with pytest.raises(BadInput) as caught:
        read_mapping(declared.encode())
    assert caught.value.field == place


@pytest.mark.parametrize(
    "declared",
    [
        *(b"", b"[1, 2]", b"{", b'{"name": NaN', b"\xff", b" " * 70_000),
        *(b"a: " + b"[" * 5_000, b'{"a":' * 3_000, b"a: &a [x]\nb: [*a, *a]"),
        b"!!python/object/apply:os.system [ls]",
    ],
)
def test_a_mapping_file_that_is_none_is_refused(declared: bytes) -> None:
    with pytest.raises(BadInput):
        read_mapping(declared)


def test_a_deployed_function_has_no_yaml_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(BadInput, match="JSON here"):
        read_mapping(MAPPING)


def test_a_direction_that_the_mapping_does_not_know_is_a_broken_line() -> None:
    lines = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account\n"
    lines += "1;7;930101;VYDAJ;;10.00;5.00;;AB;123\n2;7;930101;STORNO;;10.00;5.00;;;\n"
    records, told = read(lines, BUILT_IN["berka"])

    assert [(record.amount_minor, record.counterparty) for record in records] == [(-1000, "AB:123")]
    assert [(line.line, line.name) for line in told.broken] == [(3, "type")]


def test_names_that_are_too_long_together_are_a_broken_line() -> None:
    mapping = KR.model_copy(update={"counterparty_columns": ["보낸분/받는분", "송금메모"]})
    line = GOOD.replace("스타벅스,", f"{'가' * 200},{'나' * 200}")
    assert [broken.name for broken in read(HEADER + line, mapping)[1].broken] == ["보낸분/받는분"]


def test_a_mapping_in_json_is_the_same_mapping() -> None:
    assert read_mapping(KR.model_dump_json().encode()) == KR


DATA = evaluation_data()


@pytest.mark.skipif(DATA is None, reason="the evaluation data is not on this machine")
def test_a_real_bank_statement_comes_in_whole() -> None:
    assert DATA is not None
    with (DATA / "berka" / "trans_1993_94.asc").open("rb") as file:
        told = Statement(file, BUILT_IN["berka"], "connection-1", "trans.asc", NOW)
        ids = {record.record_id for batch in told.batches() for record in batch}

    assert told.broken == []
    assert len(ids) == told.count == 49_102


def test_a_code_of_the_merchant_stands_where_its_name_says_nothing() -> None:
    told = {**KR.model_dump(exclude_defaults=True), "code_column": "업종"}
    mapping = StatementMapping.model_validate({**told, "memo_column": None})
    head = "거래일시,적요,보낸분/받는분,업종,출금액,입금액,거래후잔액\n"
    line = '2026-03-01 09:30:00,체크카드,에이비씨상사,5411,"4,500",0,"995,500"\n'
    named, nothing = line.replace("에이비씨상사", "스타벅스"), line.replace("5411", "x")
    read_ones, _ = read(head + line + named + nothing, mapping)
    assert [record.category for record in read_ones] == ["groceries", "cafe", "unknown"]
