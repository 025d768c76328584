"""Families: what belongs together of all that a vault understands, in the order people read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, TypeVar

from mydata_hub.web.wording import mark as _

# The first part of an attribute's name -> the family it is shown in.
FAMILIES: Final = {
    "habits": _("Habits"),
    "payments": _("What goes out"),
    "income": _("What comes in"),
    "spending": _("What it is spent on"),
    "commute": _("The way to work"),
    "mobility": _("Getting about"),
    "insurance": _("Insurance"),
    "trust": _("The trust score"),
    "life": _("What changed"),
}
OTHERS: Final = _("More")
_T = TypeVar("_T")


class Family(NamedTuple):
    """A family and what is in it; `id` is fit for the page."""

    id: str
    title: str
    members: list[object]


def by_family(members: Iterable[_T], attribute_of: Callable[[_T], str]) -> list[Family]:
    """The families that have any member, those that no family was named for last."""
    found: dict[str, list[object]] = {name: [] for name in (*FAMILIES, "")}
    for one in members:
        name = attribute_of(one).partition(".")[0]
        found[name if name in FAMILIES else ""].append(one)
    return [
        Family(name or "more", FAMILIES.get(name, OTHERS), inside)
        for name, inside in found.items()
        if inside
    ]
