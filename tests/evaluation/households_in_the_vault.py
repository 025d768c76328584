"""The habits of real households by the whole path: statement, seal, fold, what the person sees.

A household's baskets become a statement that it imports. The set names no merchants, so each of
its shops is told under the name of a café, the category that an insight of the hub reads. The
same household is then told otherwise: a year of whole weeks later, in another currency and at
other prices, and with every shop renamed; its habit must be the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from mydata_hub.collection.mapping import AmountRule, StatementMapping
from mydata_hub.fields import LOCAL, VaultId, Wording
from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.fold import BANK
from mydata_hub.insights.habits import WeeklyHabitInsight, evidence_of_weeks
from mydata_hub.insights.moments import date_of, instant_of, local_day
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.weekly import find_weekly_habit
from mydata_hub.own_vault.importing import Supplied, import_statement

from tests.evaluation.purchases import ANYTHING, SPLIT, Bought
from tests.evaluation.through_the_vault import House

INSIGHT: Final = WeeklyHabitInsight(
    attribute="habits.shopping_week",
    category="cafe",
    act=Wording(ko="결제했어요", en="paid"),
    # A statement that is imported tells payments of a bank.
    inputs=(BANK,),
)
MAPPING: Final = StatementMapping(
    name="households",
    currency="USD",
    date_column="at",
    date_format="%Y-%m-%d %H:%M",
    amount=AmountRule(column="amount"),
    id_column="basket",
    counterparty_columns=["shop"],
)
LATER: Final = timedelta(weeks=52)


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdsInTheVault:
    """Of so many households, those of whom both ways say the same, and those who have a habit."""

    people: int
    lines: int
    broken: int
    # The evidence by the whole path beside the rule on the bare minutes.
    agree: int
    with_habit: int
    # The same answer and evidence after each change.
    equal_when_moved: int
    equal_in_another_currency: int
    equal_when_renamed: int


def evaluate_households_in_the_vault(bought: list[Bought], folder: Path) -> HouseholdsInTheVault:
    """Every household of these, one vault for each way of telling it."""
    house = House(folder, _instant(SPLIT) + LATER + timedelta(hours=1))
    lines = broken = agree = habits = 0
    equal = {"moved": 0, "currency": 0, "renamed": 0}
    people = _baskets(bought)
    for name, baskets in people.items():

        def see(way: str, name: str = name, **told: Any) -> tuple[str | None, dict[str, Any]]:
            nonlocal lines, broken
            vault_id = VaultId(f"{way}-{name}")
            house.keys.create_vault(vault_id, house.entropy)
            count, wrong = _import(house, vault_id, **told)
            lines, broken = lines + count, broken + wrong
            house.fold()
            state = fold_state(house.profile(vault_id), PAYMENTS)
            now = _instant(SPLIT) + told.get("later", timedelta())
            finding = INSIGHT.answer(state, now, collected_only=False)
            return finding.cell, dict(finding.evidence)

        plain = see("plain", baskets=baskets)
        agree += plain[1] == _bare(baskets)
        habits += plain[0] not in (None, "none")
        equal["moved"] += see("moved", baskets=baskets, later=LATER) == plain
        equal["currency"] += see("currency", baskets=baskets, currency="KRW") == plain
        equal["renamed"] += see("renamed", baskets=baskets, shop="커피집 제{}호") == plain
    return HouseholdsInTheVault(
        people=len(people),
        lines=lines,
        broken=broken,
        agree=agree,
        with_habit=habits,
        equal_when_moved=equal["moved"],
        equal_in_another_currency=equal["currency"],
        equal_when_renamed=equal["renamed"],
    )


def _baskets(bought: Iterable[Bought]) -> dict[str, list[Bought]]:
    people: dict[str, list[Bought]] = {}
    for one in bought:
        if one.category == ANYTHING and local_day(one.minute) < SPLIT:
            people.setdefault(one.household, []).append(one)
    return people


def _bare(baskets: list[Bought]) -> dict[str, Any]:
    """What the rule says of the minutes alone."""
    minutes = [one.minute for one in baskets]
    return evidence_of_weeks(find_weekly_habit(minutes, SPLIT, local_day(min(minutes)) + 1))


def _import(
    house: House,
    vault_id: VaultId,
    baskets: list[Bought],
    later: timedelta = timedelta(),
    currency: str = "USD",
    shop: str = "카페 {}",
) -> tuple[int, int]:
    amount = "-1300" if currency == "KRW" else "-1.00"
    rows = [
        f"{instant_of(one.minute).astimezone(LOCAL) + later:%Y-%m-%d %H:%M},{amount},"
        f"{one.basket},{shop.format(one.shop)}"
        for one in baskets
    ]
    done = import_statement(
        house.letterbox,
        vault_id,
        Supplied(
            name="households.csv",
            content="\n".join(["at,amount,basket,shop", *rows]).encode(),
            mapping=MAPPING.model_copy(update={"currency": currency}),
            all_or_nothing=False,
        ),
    )
    return done.lines, len(done.broken)


def _instant(day: int) -> datetime:
    return datetime.combine(date_of(day), datetime.min.time(), LOCAL)
