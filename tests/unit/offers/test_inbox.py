"""The inbox: few offers, the best ones, and none that the person does not want."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.errors import Damaged, FormatUnknown
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.offer_words import LATER_DAYS
from mydata_hub.insights.offers_inbox import (
    INBOX,
    MAX_LET_GO,
    MAX_REMEMBERED,
    VERSION,
    Entry,
    Inbox,
    LetGo,
    read_inbox,
    with_inbox,
    without_entries,
)
from mydata_hub.insights.profile import FoldState, Profile
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.matching.acts import NO_ACTS
from mydata_hub.offers.matching.inbox import MAX_NEW_A_DAY, MAX_SHOWN, Look, look_at
from mydata_hub.offers.matching.remembering import PARTNER_DAYS
from mydata_hub.offers.matching.silent_match import match_after_fold, see_offers

from tests.unit.insights.test_offer_words import word
from tests.unit.offers.offering import DAY, NOW, Shelf, an_offer

EMPTY = new_profile("vault-1")


def nothing_done(_profile, _now):
    return NO_ACTS


def of_many(count: int, **other) -> list[Offer]:
    return [
        an_offer(client=f"client-{number}", worth=1000 + number, **other) for number in range(count)
    ]


def ids(look: Look) -> list[str]:
    return [one.offer.offer_id for one in look.shown]


def told(profile: Profile, *records) -> Profile:
    return advance_profile(profile, records, {}, profile.manifest_version + 1)


def after(profile: Profile, shelf: Shelf, *days: float) -> Profile:
    """The profile after a fold on each of these days."""
    for day in days:
        profile = with_inbox(profile, look_at(profile, shelf, NOW + day * DAY).inbox)
    return profile


def test_a_day_brings_few_new_offers_the_best_first_and_all_days_together_not_many():
    shelf = Shelf(*of_many(30))
    first = look_at(EMPTY, shelf, NOW)
    assert ids(first) == ["client-29.one", "client-28.one", "client-27.one"]
    assert all(one.new for one in first.shown)
    profile = after(EMPTY, shelf, 0, 0.1, 0.2)
    assert ids(look_at(profile, shelf, NOW + 0.3 * DAY)) == ids(first)
    assert not any(one.new for one in look_at(profile, shelf, NOW + 0.3 * DAY).shown)
    profile = after(profile, shelf, 1, 2, 3, 4)
    assert len(look_at(profile, shelf, NOW + 5 * DAY).shown) == MAX_SHOWN


def test_a_partner_brings_one_new_offer_a_week_however_many_it_publishes():
    own = [an_offer(f"n{number}", worth=9000 - number) for number in range(20)]
    shelf = Shelf(*own, an_offer("one", client="client-2", worth=10))
    profile = after(EMPTY, shelf, 0, 1, 2, 3, 4, 5, 6)
    assert ids(look_at(profile, shelf, NOW + 6 * DAY)) == ["client-1.n0", "client-2.one"]
    profile = after(profile, shelf, PARTNER_DAYS)
    assert ids(look_at(profile, shelf, NOW + PARTNER_DAYS * DAY)) == [
        "client-1.n0",
        "client-1.n1",
        "client-2.one",
    ]


def test_what_is_not_wanted_is_gone_at_once_and_makes_room_for_what_is():
    shelf = Shelf(
        an_offer("one", worth=3000),
        an_offer("one", client="client-2", worth=2000, category="insurance"),
        an_offer("one", client="client-3", worth=1000),
    )
    profile = after(EMPTY, shelf, 0)
    profile = told(
        profile,
        word("offer", "client-1.one", "not_interested", NOW),
        word("category", "insurance", "not_interested", NOW),
    )
    assert ids(look_at(profile, shelf, NOW + DAY)) == ["client-3.one"]
    profile = told(profile, word("offer", "client-1.one", "interested", NOW + DAY))
    assert ids(look_at(profile, shelf, NOW + 2 * DAY)) == ["client-1.one", "client-3.one"]


def test_what_was_put_away_for_now_comes_back_after_a_while():
    shelf = Shelf(an_offer(valid_until=NOW + 60 * DAY))
    profile = told(EMPTY, word("offer", "client-1.one", "not_now", NOW))
    assert ids(look_at(profile, shelf, NOW + DAY)) == []
    assert ids(look_at(profile, shelf, NOW + (LATER_DAYS + 1) * DAY)) == ["client-1.one"]


def test_an_offer_that_is_over_withdrawn_or_does_not_fit_any_more_is_shown_no_longer():
    both = an_offer(valid_until=NOW + DAY), an_offer(client="client-2")
    profile = after(EMPTY, Shelf(*both), 0)
    assert ids(look_at(profile, Shelf(*both), NOW + DAY)) == ["client-2.one"]
    assert ids(look_at(profile, Shelf(both[0], number=2), NOW)) == ["client-1.one"]
    text = 'context["commute.by_subway@1"] == "yes"'
    assert ids(look_at(profile, Shelf(an_offer(client="client-2", eligibility=text)), NOW)) == []


def test_nobody_without_records_is_shown_what_asks_for_an_answer_or_for_a_happening():
    asks = of_many(3, eligibility='context["trust.tier@1"] != "700"')
    waits = [an_offer("w", trigger=one) for one in ("payment.cafe", "need.cafe", "life.moved")]
    look = look_at(EMPTY, Shelf(*asks, *waits, an_offer("all", client="client-9")), NOW)
    assert ids(look) == ["client-9.all"]
    assert set(look.standing.answers.values()) == {"no_answer"}
    assert look.standing.happenings == {"always"}


def test_an_offer_says_which_claims_it_reads_and_all_that_accepting_it_would_tell():
    text = 'context["commute.by_subway@1"] == "yes" || context["trust.tier@1"] == "700"'
    shelf = Shelf(an_offer(eligibility=text), an_offer("two", client="client-2"))
    assert [shelf.index.reads(slot) for slot in (0, 1)] == [
        ("commute.by_subway@1", "trust.tier@1"),
        (),
    ]


def test_only_the_pages_of_what_is_shown_are_read_however_many_match():
    shelf = Shelf(*of_many(200))
    look_at(EMPTY, shelf, NOW)
    assert len(shelf.read) == MAX_NEW_A_DAY


@settings(max_examples=30, deadline=None)
@given(
    days=st.lists(st.integers(0, 3), max_size=12),
    partners=st.integers(1, 12),
    each=st.integers(1, 4),
)
def test_however_often_a_vault_is_folded_the_caps_hold_and_what_is_remembered_is_bounded(
    days, partners, each
):
    shelf = Shelf(
        *(
            an_offer(f"n{name}", client=f"client-{partner}", worth=1000 + partner + 10 * name)
            for partner in range(partners)
            for name in range(each)
        )
    )
    profile, now = EMPTY, NOW
    came: list[tuple[int, str]] = []
    for step in days:
        now += timedelta(days=step, minutes=1)
        look = look_at(profile, shelf, now)
        assert len(look.shown) <= MAX_SHOWN
        day = (now + timedelta(hours=9)).toordinal()
        came += [(day, one.offer.client) for one in look.shown if one.new]
        assert look_at(profile, shelf, now) == look
        profile = with_inbox(profile, look.inbox)
        assert len(read_inbox(profile).entries) <= MAX_REMEMBERED
    for day, client in came:
        assert sum(one == day for one, _ in came) <= MAX_NEW_A_DAY
        near = [one for one, other in came if other == client and abs(one - day) < PARTNER_DAYS]
        assert len(near) == 1


def test_the_inbox_at_its_fullest_takes_few_bytes_and_an_erasure_leaves_the_number_alone():
    full = Inbox(
        snapshot=2**31,
        entries=tuple(
            Entry(offer_id=f"{number:087d}.{'n' * 40}", day=99_999, category="c" * 16)
            for number in range(MAX_REMEMBERED)
        ),
        let_go=tuple(
            LetGo(name=2**63 + number, category="c" * 16, day=99_999)
            for number in range(MAX_LET_GO)
        ),
    )
    profile = with_inbox(EMPTY, full)
    assert read_inbox(Profile.decode(profile.encode())) == full
    assert len(json.dumps(profile.folds[INBOX].state)) < 10_000
    assert read_inbox(without_entries(profile)) == Inbox(snapshot=2**31, entries=())
    assert with_inbox(EMPTY, read_inbox(EMPTY)) is EMPTY


def test_an_inbox_without_categories_is_read_and_lets_nothing_go_for_what_it_does_not_know():
    older = FoldState(
        version=1, state={"snapshot": 3, "entries": [["client-1.one", 20_780], ["gone.two", 1]]}
    )
    profile = replace(EMPTY, folds={**EMPTY.folds, INBOX: older})
    assert [entry.offer_id for entry in read_inbox(profile).entries] == ["client-1.one", "gone.two"]
    after_it = look_at(profile, Shelf(an_offer()), NOW)
    assert after_it.inbox == Inbox(
        snapshot=3, entries=(Entry(offer_id="client-1.one", day=20_780, category="cafe"),)
    )


def test_an_inbox_of_a_newer_release_is_not_read_as_nothing():
    later = FoldState(version=VERSION + 1, state={})
    profile = Profile(
        vault_id="vault-1",
        version=1,
        manifest_version=0,
        folds={INBOX: later},
        freshness={},
    )
    with pytest.raises(FormatUnknown):
        read_inbox(profile)


def test_a_fold_goes_on_without_offers_where_they_cannot_be_read_and_somebody_is_told():
    failed = []

    def damaged(_number: int):
        raise Damaged("a part of the snapshot is not what was published")

    def unreadable(_profile, _now):
        raise Damaged("the row of a coupon is malformed")

    shelf = Shelf(an_offer())
    for read, acts_of, told in (
        (damaged, nothing_done, 1),
        (lambda _number: shelf, unreadable, 2),
        (lambda _number: None, unreadable, 2),
    ):
        assert match_after_fold(read, failed.append, acts_of)(EMPTY, (), NOW) == (EMPTY, ())
        assert failed == ["offers could not be read"] * told


def test_a_fold_remembers_which_snapshot_it_read_and_asks_for_none_that_is_older():
    asked = []

    def read(number: int):
        asked.append(number)
        return Shelf(an_offer(), number=7)

    profile, _ = match_after_fold(read, asked.append, nothing_done)(EMPTY, (), NOW)
    assert read_inbox(profile).snapshot == 7
    look = see_offers(read, asked.append, nothing_done, profile, NOW)
    assert look is not None
    assert ids(look) == ["client-1.one"]
    assert asked == [0, 7]
