"""The sample people: what people.yaml describes, as values."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal

import yaml

from mydata_hub.fields import Wording

Minutes = tuple[int, int]
_WEEKDAYS: Final = (0, 1, 2, 3, 4)
_EVERY_DAY: Final = (*_WEEKDAYS, 5, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """Something bought on a share of some weekdays, at about a time and a price."""

    name: str
    # The first is the usual one.
    merchants: tuple[str, ...]
    # Minutes of the day, the earliest and the latest.
    time: Minutes
    # Won of 2024, from and below.
    price: tuple[int, int]
    days: tuple[int, ...] = _WEEKDAYS
    # How often on such a day.
    times: int = 1
    share: float = 0.93
    # Done only on days of work, and not on holidays or leave.
    with_work: bool = False
    through: Literal["credit", "debit", "efin"] = "credit"
    # Percent a year, on 1 March.
    rise: float = 3.0
    # Filling stations reserve a round sum first, and correct it to what was taken.
    reserves: int = 0
    instalments: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Something paid once a month, about the same every time; `amount` in won of 2024."""

    name: str
    payee: str
    day: int
    amount: int
    kind: str = "자동이체"
    through: Literal["bank", "credit", "statement"] = "bank"
    rise: float = 0.0
    # What a winter month costs more, in percent.
    winter: int = 0
    # How many of a hundred months are paid late, with interest.
    late: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ride:
    """A way with its legs: mode, line, from, to, minutes."""

    legs: tuple[tuple[str, str, str, str, int], ...]
    # When it sets out, and when it sets out for home.
    out: Minutes
    home: Minutes
    share: float
    fare: int
    distance_m: int
    with_work: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody made up; `story` is what the choosing page says."""

    id: str
    name: Wording
    story: Wording
    # Monthly pay, its payer and its day; 0 for pay that comes when it comes.
    pay: tuple[int, str, int]
    habits: tuple[Habit, ...]
    standings: tuple[Standing, ...]
    rides: tuple[Ride, ...] = ()
    # What is left on the account when the savings plan has taken its part.
    keeps: int = 2_500_000
    # Its number, and the years without a loss in the contract that began in 2024.
    car: tuple[str, int] | None = None
    loss_on: date | None = None
    # How many of a hundred bills are paid late.
    late_bills: int = 0
    # What the card company lends, in won; a company may not tell it.
    credit_limit: int | None = None
    # Code, name, kind and won paid for it.
    holdings: tuple[tuple[str, str, str, int], ...] = ()

    @property
    def identity(self) -> str:
        """What Korean providers know a person by (연계정보): the same with all of them."""
        digest = hashlib.sha512(f"sample identity of {self.id}".encode()).digest()
        return base64.b64encode(digest).decode()


def _person(name: str, told: Mapping[str, Any]) -> Person:
    described = dict(told)
    for field, kind in (("habits", Habit), ("standings", Standing), ("rides", Ride)):
        described[field] = tuple(kind(**_values(item)) for item in told.get(field, ()))
    for field in ("name", "story"):
        described[field] = Wording(**told[field])
    return Person(id=f"sample-{name}", **_values(described))


def _values(told: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as tuples, spans of the day in minutes, `every` as all weekdays."""
    values = {name: _frozen(value) for name, value in told.items()}
    for name in values.keys() & {"time", "out", "home"}:
        values[name] = tuple(_minute(clock) for clock in values[name].split("-"))
    if values.get("days") == "every":
        values["days"] = _EVERY_DAY
    return values


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _minute(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)


PEOPLE: Final = MappingProxyType(
    {
        name: _person(name, told)
        for name, told in yaml.safe_load(
            files("mydata_hub.samples").joinpath("people.yaml").read_text("utf-8")
        ).items()
    }
)
