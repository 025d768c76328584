"""Laws of the ledger: whatever is asked in any order, no cap is passed and nothing comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.consent.grant import Frequency, FrequencyUnit
from mydata_hub.errors import Damaged, LimitExceeded
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import AnswerPeriod
from mydata_hub.ports.tables import Key, Row
from mydata_hub.release.ledger import (
    GROUP_CAP,
    PERSON_CAP,
    UNITS,
    WINDOW,
    Ledger,
    Total,
    bits,
    price,
)
from mydata_hub.release.ledger_rows import (
    MAX_ROW_BYTES,
    encode_answers,
    ledger_key,
    put_ledger,
    put_total,
    read_ledger,
    read_total,
    total_key,
)
from mydata_hub.release.periods import answer_period, frequency_unit, is_present, period_end

from tests.policies.requests import grant as make_grant
from tests.unit.insights.lives import KOREA

START = datetime(2026, 1, 1, tzinfo=KOREA)
CLAIMS = [entry.claim for entry in CATALOGUE.values()]
CLAIM = CLAIMS[0]


def grant(grant_id="grant-1", days=90, max_bits=16, times=3):
    asked = ["release", "bicycles", "rentals", "personal_offers", [CLAIM.ref]]
    plain = make_grant(*asked, 1, 1, 16, False)
    frequency = Frequency(unit=FrequencyUnit.MONTH, count=times)
    until = START + timedelta(days=days)
    return replace(
        plain,
        grant_id=grant_id,
        given_at=START,
        expires_at=until,
        max_bits=max_bits,
        frequency=frequency,
    )


# days since the last question, which group, which grant of it, which claims, ask anew
ASKED = st.lists(
    st.tuples(
        st.integers(-3, 120),
        st.integers(0, 4),
        st.integers(0, 3),
        st.sets(st.sampled_from(range(len(CLAIMS))), min_size=1, max_size=3),
        st.booleans(),
    ),
    max_size=60,
)


class Books:
    """The gate's arithmetic as its rules have it: charge if all three caps allow it."""

    def __init__(self):
        self.ledgers = {group: Ledger() for group in range(5)}
        self.total = Total()
        self.charged = []  # (at, group, grant, units), all there ever were
        self.grants = {}

    def ask(self, at, group, number, claims, anew):
        name = f"grant-{group}-{number}"
        held = self.grants.setdefault(name, grant(name, days=(30, 90, 365, 3000)[number]))
        ledger = self.ledgers[group].prune(at)
        new = [one for one in claims if anew or ledger.frozen(one, at) is None]
        units = sum(price(one) for one in new)
        fits = not units or (
            ledger.charged_to(name) + units <= held.max_bits * UNITS
            and ledger.charged(at) + units <= GROUP_CAP
            and self.total.charged(at) + units <= PERSON_CAP
        )
        if not fits or at >= held.expires_at:
            return None
        told = dict.fromkeys(new, f"told-{len(self.charged)}")
        self.ledgers[group] = ledger.use(held, at).charge(held, new, at).freeze(told, at)
        self.total = self.total.charge(f"group-{group}", units, at)
        self.charged.append((at, group, name, units))
        return units


@given(ASKED)
@settings(max_examples=150, deadline=None)
def test_no_cap_is_passed_in_any_365_days_and_a_grant_never_gets_its_bits_back(asked):
    books, at = Books(), START
    for days, group, number, claims, anew in asked:
        at += timedelta(days=days)
        books.ask(at, group, number, [CLAIMS[one] for one in sorted(claims)], anew)
    instants = [at for at, *_ in books.charged]
    for end in instants:
        window = [one for one in books.charged if end - WINDOW < one[0] <= end]
        assert sum(units for *_, units in window) <= PERSON_CAP
        for group in range(5):
            assert sum(units for _, who, _, units in window if who == group) <= GROUP_CAP
    for name, held in books.grants.items():
        told = sum(units for _, _, who, units in books.charged if who == name)
        assert told <= held.max_bits * UNITS


@given(ASKED)
@settings(max_examples=100, deadline=None)
def test_within_its_period_an_answer_stays_what_it_was_and_costs_nothing(asked):
    books, at = Books(), START
    for days, group, number, claims, anew in asked:
        at += timedelta(days=days)
        chosen = [CLAIMS[one] for one in sorted(claims)]
        if books.ask(at, group, number, chosen, anew) is None:
            continue
        before = {one.ref: books.ledgers[group].frozen(one, at) for one in chosen}
        assert None not in before.values()
        assert books.ask(at, group, number, chosen, False) == 0
        assert {one.ref: books.ledgers[group].frozen(one, at) for one in chosen} == before


@given(ASKED)
@settings(max_examples=100, deadline=None)
def test_a_row_gives_back_what_was_written_and_stays_small(asked):
    books, at = Books(), START
    for days, group, number, claims, anew in asked:
        at += timedelta(days=days)
        books.ask(at, group, number, [CLAIMS[one] for one in sorted(claims)], anew)
    for ledger in books.ledgers.values():
        sealed = encode_answers(ledger)
        put = put_ledger(ledger_key("v", "g"), None, ledger, sealed)
        assert read_ledger(Row(put.key, 1, put.values), sealed) == ledger
    put = put_total(total_key("v"), None, books.total)
    assert read_total(Row(put.key, 1, put.values)) == books.total


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=30), st.integers(-400, 2000))
def test_pruning_changes_no_sum(days, later):
    ledger, total = Ledger(), Total()
    for number, day in enumerate(days):
        at = START + timedelta(days=day)
        held = grant(f"grant-{number % 3}", days=day + 1 + number * 50)
        ledger = ledger.use(held, at).charge(held, [CLAIMS[number % len(CLAIMS)]], at)
        total = total.charge("group", price(CLAIM), at)
    now = START + timedelta(days=max(days) + later)
    pruned = ledger.prune(now)
    assert pruned.charged(now) == ledger.charged(now)
    for number in range(3):
        held = grant(f"grant-{number}", days=max(days) + 1 + 30 * 50)
        if now < held.expires_at:
            assert pruned.used(held, now) == ledger.used(held, now)
    live = {one.grant_id for one in ledger.charges if now < one.grant_until}
    for name in live:
        kept = {one for one in ledger.charges if one.grant_id == name and now < one.grant_until}
        assert kept <= set(pruned.charges)


def test_every_attribute_that_a_claim_reads_is_charged_in_full():
    both = replace(CLAIM, attributes=("one.thing", "another.thing"))
    ledger = Ledger().charge(grant(), [both], START).charge(grant(), [CLAIM], START)
    period = answer_period(CLAIM.answer_period, START)
    assert ledger.attributes() == {
        ("one.thing", period): price(CLAIM),
        ("another.thing", period): price(CLAIM),
        (CLAIM.attributes[0], period): price(CLAIM),
    }
    assert ledger.charged(START) == 2 * price(CLAIM)


def test_a_clock_that_is_set_back_renews_nothing():
    held, later = grant(days=500), START + timedelta(days=100)
    ledger = Ledger().use(held, later).charge(held, [CLAIM], later).freeze({CLAIM: "1_to_2"}, later)
    assert ledger.frozen(CLAIM, START) is not None
    assert ledger.used(held, START) == 1
    assert ledger.charged(START) == price(CLAIM)
    assert ledger.use(held, START).used(held, later) == 2


def test_a_year_later_a_group_may_ask_again_and_a_grant_may_not():
    held = grant(days=3000)
    ledger = Ledger().charge(held, [CLAIM], START)
    just_before, after = START + WINDOW - timedelta(microseconds=1), START + WINDOW
    assert ledger.charged(just_before) == price(CLAIM)
    assert ledger.prune(after).charged(after) == 0
    assert ledger.prune(after).charged_to(held.grant_id) == price(CLAIM)


@pytest.mark.parametrize("units", [0, 1, 15_850, 640_000])
def test_units_are_bits_with_four_places(units):
    assert bits(units) * UNITS == units
    assert bits(units).as_tuple().exponent == -4
    assert bits(15_850) == Decimal("1.5850")


def test_a_row_over_its_limit_is_refused_and_not_cut():
    held = grant()
    ledger = Ledger(uses={f"grant-{number:0100}": (date.min, 1) for number in range(300)})
    with pytest.raises(LimitExceeded, match=str(MAX_ROW_BYTES)):
        put_ledger(ledger_key("v", "g"), None, ledger.use(held, START), b"")


@pytest.mark.parametrize("values", [{}, {"charges": [[1]], "uses": {}}, {"charges": 1, "uses": 1}])
def test_a_malformed_row_is_damage(values):
    with pytest.raises(Damaged):
        read_ledger(Row(Key("ledger", "v", "g"), 1, values))
    with pytest.raises(Damaged):
        read_total(Row(Key("ledger", "v", "person"), 1, values))


# ------------------------------------------------------------------ periods


@pytest.mark.parametrize(
    ("period", "at", "said"),
    [
        (AnswerPeriod.QUARTER, datetime(2026, 3, 31, 23, 59, tzinfo=KOREA), "2026-01-01/P3M"),
        (AnswerPeriod.QUARTER, datetime(2026, 4, 1, tzinfo=KOREA), "2026-04-01/P3M"),
        (AnswerPeriod.HALF_YEAR, datetime(2026, 12, 31, tzinfo=KOREA), "2026-07-01/P6M"),
        (AnswerPeriod.YEAR, datetime(2026, 12, 31, tzinfo=KOREA), "2026-01-01/P1Y"),
    ],
)
def test_periods_are_of_the_local_calendar(period, at, said):
    assert answer_period(period, at) == said


@given(
    st.sampled_from(AnswerPeriod),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001 (a zone follows)
)
def test_periods_follow_each_other_without_gap_and_last_thirty_days_at_least(period, at):
    at = at.replace(tzinfo=KOREA)
    said = answer_period(period, at)
    first, end = date.fromisoformat(said.partition("/")[0]), period_end(said)
    assert first <= at.date() < end
    assert (end - first).days >= 30
    assert is_present(said, at)
    midnight = datetime(end.year, end.month, end.day, tzinfo=KOREA)
    assert not is_present(said, midnight)
    assert answer_period(period, midnight).startswith(end.isoformat())
    assert answer_period(period, midnight - timedelta(microseconds=1)) == said


@pytest.mark.parametrize(
    ("unit", "first"),
    [
        (FrequencyUnit.DAY, date(2026, 11, 25)),
        (FrequencyUnit.WEEK, date(2026, 11, 23)),
        (FrequencyUnit.MONTH, date(2026, 11, 1)),
    ],
)
def test_frequencies_count_in_local_days_weeks_from_monday_and_months(unit, first):
    assert frequency_unit(unit, datetime(2026, 11, 25, 0, 30, tzinfo=KOREA)) == first
