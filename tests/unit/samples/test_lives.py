"""What the described lives promise is in the two years that are made of them."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from statistics import mean, pstdev

import mydata_hub
import pytest
from mydata_hub.collection.mapping import BUILT_IN
from mydata_hub.collection.statement import Statement
from mydata_hub.errors import BadInput
from mydata_hub.samples.facts import KST, Life, Purchase
from mydata_hub.samples.holidays import holidays, is_working_day, next_banking_day
from mydata_hub.samples.lives import YEARS, leave, live
from mydata_hub.samples.people import PEOPLE
from mydata_hub.samples.statement import write_statement

NOW = datetime(2026, 11, 18, 21, 0, tzinfo=KST)
SEED = 1
ROOT = Path(mydata_hub.__file__).parents[3]


def life(name: str, now: datetime = NOW, seed: int = SEED) -> Life:
    return live(PEOPLE[name], now, seed)


def bought(name: str, *words: str) -> list[Purchase]:
    return [p for p in life(name).purchases if any(word in p.merchant for word in words)]


def digest(one: Life) -> str:
    return hashlib.sha256(repr(one).encode()).hexdigest()


def test_the_same_seed_gives_the_same_bytes() -> None:
    names = ("jiu", "minho", "hana")
    before = {name: digest(life(name)) for name in names}
    live.cache_clear()
    leave.cache_clear()

    assert {name: digest(life(name)) for name in names} == before
    assert digest(life("jiu", seed=2)) != before["jiu"]


@pytest.mark.parametrize("name", ["jiu", "minho", "hana"])
def test_a_world_that_ends_later_tells_the_months_before_in_the_same_words(name: str) -> None:
    now, later = life(name), life(name, NOW + timedelta(days=30))
    since = later.until - YEARS
    assert [p for p in now.purchases if p.at >= since] == [
        p for p in later.purchases if p.at <= now.until
    ]
    assert [t for t in now.transfers if t.at >= since] == [
        t for t in later.transfers if t.at <= now.until
    ]
    assert [t for t in now.own_statement if t.at >= since] == [
        t for t in later.own_statement if t.at <= now.until
    ]
    assert [t for t in now.trips if t.depart_at >= since] == [
        t for t in later.trips if t.depart_at <= now.until
    ]


@pytest.mark.parametrize("name", [*PEOPLE])
def test_a_life_is_two_years_in_order_up_to_the_instant_given(name: str) -> None:
    found = life(name)
    for instants in (
        [p.at for p in found.purchases],
        [t.at for t in found.transfers],
        [t.at for t in found.own_statement],
    ):
        assert instants == sorted(instants)
        assert NOW - YEARS <= instants[0] < NOW - YEARS + timedelta(days=31)
        assert NOW - timedelta(days=31) < instants[-1] <= NOW
    numbers = [(p.through == "efin", p.at.date(), p.number) for p in found.purchases]
    assert len(set(numbers)) == len(numbers)
    assert len({t.number for t in found.transfers}) == len(found.transfers)
    assert len({t.trip_id for t in found.trips}) == len(found.trips)


def working_days() -> list[date]:
    days = [(NOW - YEARS).date() + timedelta(days=n) for n in range(1, YEARS.days)]
    return [d for d in days if is_working_day(d) and d not in leave(PEOPLE["jiu"], d.year, SEED)]


def test_jiu_has_coffee_at_about_eight_on_most_mornings_of_work_and_on_no_other() -> None:
    coffees = bought("jiu", "커피", "스타벅스")
    days = {p.at.date() for p in coffees}
    minutes = [p.at.hour * 60 + p.at.minute for p in coffees]

    assert 0.88 < len(days & set(working_days())) / len(working_days()) < 0.98
    assert all(is_working_day(day) for day in days)
    assert 470 <= min(minutes) <= max(minutes) <= 498
    assert len(coffees) == len(days)


def test_the_price_of_coffee_rises_in_march_and_at_no_other_time() -> None:
    prices = {}
    for p in bought("jiu", "커피", "스타벅스"):
        prices.setdefault(p.at.year - (p.at.date() < date(p.at.year, 3, 1)), set()).add(p.amount)

    assert prices == {2024: {2000}, 2025: {2100}, 2026: {2200}}


def test_jiu_has_lunch_for_about_ten_thousand_won() -> None:
    lunches = bought("jiu", "김밥천국", "칼국수", "본죽", "갈치")

    assert 0.85 < len(lunches) / len(working_days()) < 0.95
    assert 9_500 < mean(p.amount for p in lunches) < 11_500
    assert {p.at.hour for p in lunches} <= {11, 12}


def test_jiu_goes_to_work_by_subway_with_two_transfers() -> None:
    trips = [t for t in life("jiu").trips if t.depart_at.hour < 12]

    assert 0.93 < len(trips) / len(working_days()) <= 1
    assert {(t.mode, len(t.legs) - 1) for t in trips} == {("subway", 2)}
    assert {t.depart_at.date() for t in trips} <= set(working_days()) | {NOW.date()}
    for trip in life("jiu").trips:
        ends = [(leg["from"], leg["to"]) for leg in trip.legs]
        assert [to for _, to in ends[:-1]] == [start for start, _ in ends[1:]]


def test_jiu_has_fried_chicken_twice_a_week() -> None:
    weeks = Counter(p.at.isocalendar()[:2] for p in bought("jiu", "치킨"))

    assert {p.at.weekday() for p in bought("jiu", "치킨")} == {1, 4}
    assert weeks.most_common(1)[0][1] == 2
    assert sum(times == 2 for times in weeks.values()) / len(weeks) > 0.85


def test_utilities_are_debited_on_the_25th_or_the_next_banking_day() -> None:
    for word in ("관리비", "도시가스", "한국전력"):
        paid = [t for t in life("jiu").transfers if word in t.party]
        assert len(paid) == 24
        assert all(t.at.date() == next_banking_day(t.at.date().replace(day=25)) for t in paid)
        assert all(is_working_day(t.at.date()) for t in paid)


def test_gas_costs_more_in_winter_and_fees_rise_once_a_year() -> None:
    gas = {t.at.month: t.amount for t in life("jiu").transfers if "도시가스" in t.party}
    fees = [t.amount for t in life("jiu").transfers if "관리비" in t.party]

    assert min(-gas[1], -gas[2]) > 2 * max(-gas[7], -gas[8])
    assert len(set(fees)) == 3
    assert fees == sorted(fees, reverse=True)


def test_subscriptions_rent_and_salary_come_once_a_month() -> None:
    for merchant in ("넷플릭스", "멜론"):
        months = Counter((p.at.year, p.at.month) for p in bought("jiu", merchant))
        assert set(months.values()) == {1}
        assert len(months) >= 24
    for word, sign in (("월세", -1), ("급여", 1)):
        moved = [t for t in life("jiu").transfers if word in t.party]
        assert len(moved) == 24
        assert {t.amount > 0 for t in moved} == {sign > 0}
    assert all(t.at.day <= 21 for t in life("jiu").transfers if "급여" in t.party)


@pytest.mark.parametrize(("name", "years"), [("jiu", [4, 5, 6]), ("minho", [7, 8, 0])])
def test_car_contracts_follow_each_other_and_count_the_years_without_a_loss(
    name: str, years: list[int]
) -> None:
    covers = life(name).covers

    assert [cover.loss_free_years for cover in covers] == years
    for earlier, later in itertools.pairwise(covers):
        assert later.starts_on == earlier.ends_on + timedelta(days=1)
    assert covers[-1].starts_on <= NOW.date() <= covers[-1].ends_on


def test_some_payments_are_taken_back_weeks_later_and_some_told_late() -> None:
    purchases = life("jiu").purchases
    changes = [(p, p.change) for p in purchases if p.change]
    late = [p.told_at - p.at for p in purchases if p.told_at > p.at]

    assert 8 <= len(changes) <= 40
    assert {change.kind for _, change in changes} == {"cancelled"}
    assert max(change.at - p.at for p, change in changes) > timedelta(weeks=3)
    assert 8 <= len(late) <= 50
    assert timedelta(hours=17) < min(late) <= max(late) < timedelta(days=4)


def test_a_filling_station_reserves_a_round_sum_and_corrects_it() -> None:
    filled = bought("minho", "주유소")

    assert len(filled) > 50
    assert {p.amount for p in filled} == {150_000}
    assert all(p.change and p.change.kind == "corrected" for p in filled)
    assert len({p.change.amount for p in filled if p.change}) > 30


def test_a_bill_is_what_was_bought_by_credit_in_the_month_before() -> None:
    found = life("jiu")
    for bill in found.bills[2:]:
        before = (bill.month - timedelta(days=1)).replace(day=1)
        close = datetime.combine(bill.month, datetime.min.time(), KST)
        own = [
            p
            for p in found.purchases
            if p.through == "credit" and before <= p.at.date() < bill.month
        ]
        back = sum(
            p.amount
            for p in found.purchases
            if p.through == "credit"
            and p.change
            and p.at.date() < before <= p.change.at.date() < bill.month
        )
        assert bill.amount == sum(p.paid_by(close) for p in own) - back
        debit = [t for t in found.transfers if "카드 대금" in t.party and t.amount == -bill.amount]
        assert [t.at.date() for t in debit] == (
            [bill.paid_on] if bill.paid_on <= NOW.date() else []
        )


def test_minho_is_in_arrears_now_and_then_and_jiu_never() -> None:
    late = [bill for bill in life("minho").bills if bill.paid_on > bill.due_on]
    owed = [t for t in life("minho").transfers if t.kind == "연체납부"]

    assert 2 <= len(late) <= 9
    assert owed
    assert all(bill.paid_on == bill.due_on for bill in life("jiu").bills)
    assert not [t for t in life("jiu").transfers if t.kind == "연체납부"]


def test_hana_is_too_irregular_for_a_habit_and_not_rare_enough_for_none() -> None:
    since = (NOW - timedelta(weeks=8)).date()
    coffees = [p for p in bought("hana", "카페", "스타벅스") if p.at.date() >= since]
    share = len({p.at.date() for p in coffees}) / 40

    assert 0.2 < share < 0.6
    assert pstdev(p.at.hour for p in coffees) > 2
    assert len({t.mode for t in life("hana").trips}) == 2


@pytest.mark.parametrize("name", ["jiu", "minho", "hana"])
def test_a_balance_is_the_one_before_and_the_movement(name: str) -> None:
    for moved in (life(name).transfers, life(name).own_statement):
        for before, after in itertools.pairwise(moved):
            assert after.balance == before.balance + after.amount
    assert life(name).balance == life(name).transfers[-1].balance


def test_the_heavy_life_has_over_twenty_thousand_records_with_one_provider() -> None:
    assert len(life("heavy").purchases) > 20_000
    assert {p.through for p in life("heavy").purchases} == {"debit"}


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (
            2024,
            (
                "0101 0209 0210 0211 0212 0301 0501 0505 0506 0515 0606 0815 0916 0917 0918 1003"
                " 1009 1225"
            ),
        ),
        (
            2025,
            (
                "0101 0128 0129 0130 0301 0303 0501 0505 0506 0606 0815 1003 1005 1006 1007 1008"
                " 1009 1225"
            ),
        ),
    ],
)
def test_holidays_are_those_of_the_korean_calendar(year: int, days: str) -> None:
    assert [f"{day:%m%d}" for day in sorted(holidays(year))] == days.split()


@pytest.mark.parametrize("name", ["jiu", "minho", "hana"])
def test_a_statement_is_read_by_the_built_in_mapping(name: str) -> None:
    found = read_statement(write_statement(life(name)))
    records = [record for batch in found.batches() for record in batch]
    found.require_whole()

    own = life(name).own_statement
    assert [(r.occurred_at, r.amount_minor, r.counterparty) for r in records] == [
        (t.at, t.amount, t.party) for t in own
    ]
    assert [r.body["balance_minor"] for r in records] == [t.balance for t in own]


def test_a_statement_with_two_broken_lines_names_them_and_keeps_the_rest() -> None:
    found = read_statement(write_statement(life("jiu"), broken=True))
    count = sum(len(batch) for batch in found.batches())

    assert count == len(life("jiu").own_statement) - 2
    assert [line.name for line in found.broken] == ["거래일시", "출금액"]
    with pytest.raises(BadInput):
        found.require_whole()


def read_statement(text: str) -> Statement:
    return Statement(BytesIO(text.encode()), BUILT_IN["kr_bank"], "statement-1", "sample.csv", NOW)


def test_every_person_says_that_it_is_a_sample() -> None:
    for person in PEOPLE.values():
        assert person.id.startswith("sample-")
        assert "(샘플)" in person.name.ko
        assert "(sample)" in person.name.en
    assert len({person.identity for person in PEOPLE.values()}) == len(PEOPLE)
    assert replace(PEOPLE["jiu"], keeps=1).identity == PEOPLE["jiu"].identity


def test_nothing_that_is_deployed_imports_the_samples() -> None:
    importing = re.compile(r"mydata_hub(\.| import )samples")
    package = ROOT / "layers" / "hub" / "mydata_hub"
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in (package, ROOT / "functions")
        for path in folder.rglob("*.py")
        if importing.search(path.read_text("utf-8"))
    }
    assert {path for path in found if "/samples/" not in path and "/cli/" not in path} == set()
    assert "layers/hub/mydata_hub/cli/samples.py" in found
