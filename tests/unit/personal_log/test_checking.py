"""What a hub shows a person, held to the log: each lie is named by what it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mydata_hub.errors import NotProven
from mydata_hub.personal_log.checking import Checked, ShownEntry, check_entries
from mydata_hub.ports.tables import Key
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.leaf import Opening


def shown_to(world, subject):
    """What `audit` gives somebody: entries, and the tag keys of their periods."""
    entries = [
        ShownEntry(
            index=one.index,
            event_id=one.event.event_id,
            kind=one.event.kind,
            leaf=one.leaf.encode(),
            opening=one.opening,
            period=one.period,
        )
        for one in world.entries(subject)
    ]
    keys = {one.key.period: one.key.shown.tag_key for one in world.logs.books(subject)}
    return entries, keys


@pytest.fixture
def lived(world):
    """A log of two people; Jiu's account had nine versions."""
    for version in range(1, 10):
        event = replace(world.event("jiu"), row_version=version)
        world.commit(event)
        world.write("minsu", 2)
        world.sequence()
        world.advance(days=4)
    return world


def names(checked: Checked):
    return [one.name for one in checked.wrong]


def test_what_is_shown_truly_is_found_whole_and_kept(lived):
    entries, keys = shown_to(lived, "jiu")
    first = check_entries(entries, lived.leaves(), keys, {})
    assert (first.checked, first.newer, first.wrong) == (9, 0, ())
    assert sum(one.count for one in first.kept.values()) == 9
    assert {one.key.period: one.book.chain.hex() for one in lived.logs.books("jiu")} == {
        period: one.chain for period, one in first.kept.items()
    }, "the head that the log zone keeps is the one that anybody computes"
    lived.commit(replace(lived.event("jiu"), row_version=10))
    lived.sequence()
    entries, keys = shown_to(lived, "jiu")
    assert check_entries(entries, lived.leaves(), keys, first.kept).wrong == ()


@pytest.mark.parametrize("place", [0, 4, 8])
def test_an_entry_that_is_left_out_is_named_wherever_it_was(lived, place):
    entries, keys = shown_to(lived, "jiu")
    gone = sorted(entries, key=lambda one: one.index)[place]
    left = [one for one in entries if one is not gone]
    assert f"entry {gone.index}" in names(check_entries(left, lived.leaves(), keys, {}))
    if place < 8:
        assert "accounts account" in names(check_entries(left, lived.leaves(), keys, {}))


def test_a_tail_that_is_left_out_is_named_by_the_log_and_by_what_was_kept(lived):
    entries, keys = shown_to(lived, "jiu")
    kept = check_entries(entries, lived.leaves(), keys, {}).kept
    last = max(entries, key=lambda one: one.index)
    left = [one for one in entries if one is not last]
    found = check_entries(left, lived.leaves(), keys, kept)
    assert set(names(found)) == {f"entry {last.index}", f"period {last.period}"}


def test_a_tail_that_is_cut_off_the_log_as_well_is_named_by_what_was_kept(lived):
    """Whoever controls hub and log and shows nobody the old checkpoint."""
    entries, keys = shown_to(lived, "jiu")
    kept = check_entries(entries, lived.leaves(), keys, {}).kept
    last = max(entries, key=lambda one: one.index)
    left = [one for one in entries if one is not last]
    found = check_entries(left, lived.leaves()[: last.index], keys, kept)
    assert names(found) == [f"period {last.period}"]


def test_a_whole_period_that_is_not_shown_is_named(lived):
    entries, keys = shown_to(lived, "jiu")
    kept = check_entries(entries, lived.leaves(), keys, {}).kept
    left = [one for one in entries if one.period != "2026-12"]
    some = {period: key for period, key in keys.items() if period != "2026-12"}
    assert "period 2026-12" in names(check_entries(left, lived.leaves(), some, kept))


def test_a_key_that_was_replaced_is_named(lived):
    entries, keys = shown_to(lived, "jiu")
    kept = check_entries(entries, lived.leaves(), keys, {}).kept
    other = {**keys, "2026-11": bytes(32)}
    found = check_entries(entries, lived.leaves(), other, kept)
    assert "period 2026-11" in names(found)
    assert any(one.reason == "is not tagged with the key of its period" for one in found.wrong)


LIES = {
    "another payload": lambda one, _two: replace(
        one, opening=Opening(one.opening.salt, one.opening.payload.replace(b"jiu", b"jin"))
    ),
    "somebody else's opening": lambda one, two: replace(one, opening=two.opening),
    "another kind": lambda one, _two: replace(one, kind="consent_given"),
    "another place": lambda one, two: replace(one, index=two.index),
    "another leaf": lambda one, two: replace(one, leaf=two.leaf),
    "no event": lambda one, _two: replace(one, opening=Opening(one.opening.salt, b"{}")),
    "another period": lambda one, _two: replace(one, period="2026-12"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_entry_that_is_shown_as_something_else_is_named(lived, lie):
    entries, keys = shown_to(lived, "jiu")
    (other,) = shown_to(lived, "minsu")[0][:1]
    one = min(entries, key=lambda each: each.index)
    shown = [LIES[lie](each, other) if each is one else each for each in entries]
    found = names(check_entries(shown, lived.leaves(), keys, {}))
    assert {f"entry {one.index}", f"entry {other.index}"} & set(found)


def test_an_entry_twice_is_named(lived):
    entries, keys = shown_to(lived, "jiu")
    found = check_entries([*entries, entries[0]], lived.leaves(), keys, {})
    assert f"entry {entries[0].index}" in names(found)


def test_a_receipt_that_somebody_holds_must_have_its_entry(lived):
    entries, keys = shown_to(lived, "jiu")
    leaves = lived.leaves()
    held = [entries[0].leaf]
    assert check_entries(entries, leaves, keys, {}, held).wrong == ()
    assert "receipt 1" in names(check_entries(entries[1:], leaves, keys, {}, held))
    with pytest.raises(NotProven):
        check_entries(entries, leaves, keys, {}, [b"no leaf"])


def test_entries_that_came_after_the_checkpoint_are_counted_and_not_judged(lived):
    entries, keys = shown_to(lived, "jiu")
    newest = max(one.index for one in entries)
    found = check_entries(entries, lived.leaves()[:newest], keys, {})
    assert (found.checked, found.newer, found.wrong) == (8, 1, ())


def test_rows_whose_versions_are_not_all_events_make_no_gap(lived):
    event = replace(lived.event("jiu"), row=Key("ledger", "jiu", "group"), row_version=7)
    assert isinstance(event, Event)
    lived.commit(event)
    lived.sequence()
    entries, keys = shown_to(lived, "jiu")
    assert check_entries(entries, lived.leaves(), keys, {}).wrong == ()


@pytest.fixture
def granted(lived):
    """Jiu's grant had five versions; the events of the third and the fifth were never recorded."""
    for version in (1, 2, 4):
        row = Key("grants", "grant#g1")
        lived.commit(replace(lived.event("jiu", "consent_narrowed"), row=row, row_version=version))
    # What is about a consent and no version of a grant makes no gap.
    waiting = Key("grants", "waiting#g1")
    lived.commit(replace(lived.event("jiu", "consent_refused"), row=waiting, row_version=2))
    lived.sequence()
    return lived


def test_a_version_of_a_grant_that_no_entry_tells_of_is_named(granted):
    entries, keys = shown_to(granted, "jiu")

    def found(shown, grants):
        wrong = check_entries(shown, granted.leaves(), keys, {}, grants=grants).wrong
        return [(one.name, one.reason) for one in wrong if one.name.startswith("grant")]

    third = ("grant g1", "version 3 has no entry")
    assert found(entries, {}) == [third]
    assert found(entries, {"g1": 4}) == [third]
    assert found(entries, {"g1": 5}) == [third, ("grant g1", "version 5 has no entry")]
    assert ("grant g2", "version 1 has no entry") in found(entries, {"g2": 1})
    gone = found([one for one in entries if one.kind != "consent_narrowed"], {"g1": 1})
    assert gone == [("grant g1", "version 1 has no entry")]
