"""The leakage ledger: what each group of partners was told of a person, counted in bits.

Bits are kept as whole ten-thousandths, the places that prices are rounded up to, so sums are exact.
Nothing here gives bits back: a charge counts against its grant for the grant's whole life, and
against group and person for 365 days, whatever happens to the answer afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from mydata_hub.consent.grant import Grant
from mydata_hub.fields import BITS_PLACES, ClaimRef, GroupId
from mydata_hub.insights.answers import NOTHING_COVERED, Coverage
from mydata_hub.insights.claim import Claim
from mydata_hub.release.periods import answer_period, frequency_unit, is_present

UNITS: Final = 10**BITS_PLACES
WINDOW: Final = timedelta(days=365)
GROUP_CAP: Final = 24 * UNITS
PERSON_CAP: Final = 64 * UNITS
# A use is of no account once its month is over; the days more are for clocks that differ.
_USES_KEPT: Final = timedelta(days=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One answer paid for: what it may have told at most, to each attribute it reads."""

    claim: ClaimRef
    attributes: tuple[str, ...]
    period: str
    units: int
    charged_at: datetime
    grant_id: str
    # When the grant ends at the latest; until then the charge counts against it.
    grant_until: datetime

    def counts(self, now: datetime) -> bool:
        """Whether it lies within the window; one from a clock that was ahead does."""
        return self.charged_at > now - WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A symbol that was told, frozen for its period."""

    symbol: str
    period: str
    # What it rested on when it was found; only the person gets to see it.
    coverage: Coverage = NOTHING_COVERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One person and one group of partners."""

    charges: tuple[Charge, ...] = ()
    # grant id -> the unit that is counted in, and how often the grant was used in it
    uses: Mapping[str, tuple[date, int]] = field(default_factory=dict)
    answers: Mapping[ClaimRef, Answer] = field(default_factory=dict)
    # grant id -> claims that were paid for when it was given, and have not been told since
    prepaid: Mapping[str, tuple[ClaimRef, ...]] = field(default_factory=dict)

    def charged(self, now: datetime) -> int:
        """Units of the group in the window that ends now."""
        return sum(charge.units for charge in self.charges if charge.counts(now))

    def charged_to(self, grant_id: str) -> int:
        """Units of one grant in its whole life."""
        return sum(charge.units for charge in self.charges if charge.grant_id == grant_id)

    def attributes(self) -> dict[tuple[str, str], int]:
        """Units of each attribute and period, for the person's own page."""
        found: dict[tuple[str, str], int] = {}
        for charge in self.charges:
            for attribute in charge.attributes:
                place = (attribute, charge.period)
                found[place] = found.get(place, 0) + charge.units
        return found

    def used(self, grant: Grant, now: datetime) -> int:
        """How often the grant was used in the present unit of its frequency."""
        begun, count = self.uses.get(grant.grant_id, (date.min, 0))
        # A unit that is ahead of the clock counts as the present one: setting it back frees nobody.
        return count if begun >= frequency_unit(grant.frequency.unit, now) else 0

    def frozen(self, claim: Claim, now: datetime) -> Answer | None:
        """The answer of the present period, which is free."""
        answer = self.answers.get(claim.ref)
        return answer if answer and is_present(answer.period, now) else None

    def use(self, grant: Grant, now: datetime) -> Ledger:
        """The ledger after one more use of a grant."""
        begun, _ = self.uses.get(grant.grant_id, (date.min, 0))
        unit = max(begun, frequency_unit(grant.frequency.unit, now))
        uses = {**self.uses, grant.grant_id: (unit, self.used(grant, now) + 1)}
        return replace(self, uses=uses)

    def charge(self, grant: Grant, claims: Iterable[Claim], now: datetime) -> Ledger:
        """The ledger with the full price of each claim; the answer that is told may follow."""
        paid = tuple(
            Charge(
                claim=claim.ref,
                attributes=claim.attributes,
                period=answer_period(claim.answer_period, now),
                units=price(claim),
                charged_at=now,
                grant_id=grant.grant_id,
                grant_until=grant.expires_at,
            )
            for claim in claims
        )
        return replace(self, charges=(*self.charges, *paid))

    def prepay(self, grant: Grant, claims: Sequence[Claim], now: datetime) -> Ledger:
        """The ledger with the full price of claims that the grant itself gives away, told or not:
        whoever accepted an offer for some people is one of them. Each is told once for it."""
        paid = {**self.prepaid, grant.grant_id: tuple(claim.ref for claim in claims)}
        return replace(self.charge(grant, claims, now), prepaid=paid)

    def is_prepaid(self, grant: Grant, claim: Claim) -> bool:
        """Whether an answer was paid for when this grant was given, and not told since."""
        return claim.ref in self.prepaid.get(grant.grant_id, ())

    def settle(self, grant: Grant, claims: Iterable[Claim]) -> Ledger:
        """The ledger after claims of a grant were told: what was prepaid of them is used up."""
        told = {claim.ref for claim in claims}
        left = tuple(ref for ref in self.prepaid.get(grant.grant_id, ()) if ref not in told)
        prepaid = {**self.prepaid, grant.grant_id: left}
        return replace(self, prepaid={name: refs for name, refs in prepaid.items() if refs})

    def add(self, charge: Charge) -> Ledger:
        """The ledger with one more charge, for what may have been told and is not known."""
        return replace(self, charges=(*self.charges, charge))

    def freeze(
        self,
        symbols: Mapping[Claim, str],
        now: datetime,
        covered: Mapping[ClaimRef, Coverage] | None = None,
    ) -> Ledger:
        """The ledger that tells these symbols until their period is over."""
        covered = covered or {}
        told = {
            claim.ref: Answer(
                symbol=symbol,
                period=answer_period(claim.answer_period, now),
                coverage=covered.get(claim.ref, NOTHING_COVERED),
            )
            for claim, symbol in symbols.items()
        }
        return replace(self, answers={**self.answers, **told})

    def prune(self, now: datetime) -> Ledger:
        """Without what can count for nothing any more, so that a row keeps its size."""
        alive = {one.grant_id for one in self.charges if now < one.grant_until}
        return Ledger(
            charges=tuple(one for one in self.charges if one.counts(now) or now < one.grant_until),
            prepaid={name: refs for name, refs in self.prepaid.items() if name in alive},
            uses={
                grant_id: use
                for grant_id, use in self.uses.items()
                if use[0] > (now - _USES_KEPT).date()
            },
            answers={
                claim: answer
                for claim, answer in self.answers.items()
                if is_present(answer.period, now)
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One person and all groups: each charge as its instant, group and units."""

    charges: tuple[tuple[datetime, GroupId, int], ...] = ()

    def charged(self, now: datetime) -> int:
        """Units of all groups in the window that ends now."""
        return sum(units for at, _, units in self.charges if at > now - WINDOW)

    def charge(self, group: GroupId, units: int, now: datetime) -> Total:
        """The total with one more charge, without those that have left the window."""
        kept = tuple(one for one in self.charges if one[0] > now - WINDOW)
        return Total(charges=(*kept, (now, group, units)) if units else kept)


def price(claim: Claim) -> int:
    """What an answer costs, in units."""
    return int(claim.bits.scaleb(BITS_PLACES))


def bits(units: int) -> Decimal:
    """Units as bits, with the places that a release has."""
    return Decimal(units).scaleb(-BITS_PLACES)
