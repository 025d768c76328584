"""The words of a score, from the card alone: a row, a reason, an improvement, in both languages."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.scorecard.card import Feature, Group, NumericFeature, Span

MISSING: Final = Wording(ko="알 수 없음", en="not known")
OTHER: Final = Wording(ko="그 밖의 값", en="another value")
_ANY: Final = Wording(ko="모든 값", en="any value")
MAX_LISTED: Final = 8


def say_row(feature: Feature, row: Span | Group) -> Wording:
    """A row as the card labels it, or else by its bounds or values."""
    if row.label is not None:
        return row.label
    if isinstance(row, Group):
        listed = ", ".join(row.values[:MAX_LISTED])
        return _same(listed + (", ..." if len(row.values) > MAX_LISTED else ""))
    return _say_span(row, whole=isinstance(feature, NumericFeature) and feature.whole)


def _say_span(row: Span, *, whole: bool) -> Wording:
    begin, below = row.at_least, row.below
    match begin, below:
        case None, None:
            return _ANY
        case None, float() | int():
            return Wording(ko=f"{_number(below)} 미만", en=f"less than {_number(below)}")
        case float() | int(), None:
            return Wording(ko=f"{_number(begin)} 이상", en=f"{_number(begin)} or more")
    assert begin is not None
    assert below is not None
    if whole and below - begin == 1:
        return _same(_number(begin))
    if whole:
        last = _number(below - 1)
        return Wording(ko=f"{_number(begin)}~{last}", en=f"{_number(begin)} to {last}")
    ko = f"{_number(begin)} 이상 {_number(below)} 미만"
    return Wording(ko=ko, en=f"{_number(begin)} to less than {_number(below)}")


def say_points(points: int) -> str:
    """Points with their sign, as both languages write them."""
    return f"{points:+d}".replace("-", "−") if points else "0"


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _same(text: str) -> Wording:
    return Wording(ko=text, en=text)
