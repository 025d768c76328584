"""A statement of a sample person's other account, as the built-in mapping `kr_bank` reads it."""

from __future__ import annotations

import csv
import io
from typing import Final

from mydata_hub.samples.facts import Life

HEADER: Final = ("거래일시", "적요", "보낸분/받는분", "송금메모", "출금액", "입금액", "거래후잔액")
_MEMO: Final = "샘플"


def write_statement(life: Life, *, broken: bool = False) -> str:
    """CSV; with `broken` one line has no date and one no amount, as files by hand have them."""
    lines = [
        [
            f"{moved.at:%Y-%m-%d %H:%M:%S}",
            moved.kind,
            moved.party,
            _MEMO,
            f"{-moved.amount:,}" if moved.amount < 0 else "",
            f"{moved.amount:,}" if moved.amount > 0 else "",
            f"{moved.balance:,}",
        ]
        for moved in life.own_statement
    ]
    if broken:
        lines[len(lines) // 3][0] = "2026-13-40 25:00:00"
        lines[len(lines) // 2][4:6] = ["1만원", ""]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADER, *lines])
    return text.getvalue()
