"""The sample world as providers know it now: what is told already, and what was taken back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from mydata_hub.samples.asgi import Refused
from mydata_hub.samples.chances import SEED
from mydata_hub.samples.facts import Change, Life
from mydata_hub.samples.listings import Listing, Look, Told, sources
from mydata_hub.samples.lives import live
from mydata_hub.samples.people import PEOPLE

_OLD: Final = timedelta(weeks=3)


@dataclass(slots=True)
class World:
    """Lives end at `until`; what is told late, or changed after it, shows when time goes on."""

    until: datetime
    seed: int = SEED
    seen_at: datetime = field(init=False)
    # (provider, person, number) -> when it was taken back on demand.
    _taken_back: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    _told: dict[tuple[str, ...], tuple[list[str], list[Told]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seen_at = self.until

    def move(self, days: int) -> None:
        """Let some days go by."""
        self.seen_at += timedelta(days=days)
        self._told.clear()

    def life(self, family: str, person: str) -> Life:
        """The life of a person as a provider knows it."""
        life = live(PEOPLE[person], self.until, self.seed)
        if not any(key[:2] == (family, person) for key in self._taken_back):
            return life
        return replace(
            life,
            purchases=tuple(
                replace(bought, change=Change(kind="cancelled", at=at))
                if (at := self._taken_back.get((family, person, bought.number)))
                else bought
                for bought in life.purchases
            ),
        )

    def take_back(self, family: str, person: str) -> dict[str, Any]:
        """Cancel, now, the latest payment that is three weeks old. Raises Refused."""
        if person not in PEOPLE or family not in ("card", "efin"):
            raise Refused(400, "cancel: takes provider card or efin, and a person")
        bought = next(
            bought
            for bought in reversed(self.life(family, person).purchases)
            if (bought.through == "efin") == (family == "efin")
            and bought.at < self.seen_at - _OLD
            and bought.change is None
        )
        self._taken_back[family, person, bought.number] = self.seen_at
        self._told.clear()
        paid = {"number": bought.number, "merchant": bought.merchant, "amount": bought.amount}
        return {**paid, "at": bought.at.isoformat()}

    def rows(
        self, family: str, listing: Listing, person: str, source: str
    ) -> tuple[list[str], list[Told]]:
        """What is told of a card, account or contract now, in order, and the keys of it.

        Kept, because pages follow pages. Raises Refused.
        """
        key = (family, listing.path, person, source)
        if key not in self._told:
            look = Look(PEOPLE[person], self.life(family, person), family, source, self.seen_at)
            if listing.source is not None and not sources(look).get(source):
                raise Refused(404, "40401")
            told = (told for told in listing.tell(look) if told.told_at <= self.seen_at)
            rows = sorted(told, key=lambda told: told.key)
            self._told[key] = [told.key for told in rows], rows
        return self._told[key]
