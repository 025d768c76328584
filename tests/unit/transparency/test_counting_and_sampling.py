"""Sums and samples: added up by who read them, and drawn by nobody."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.errors import BadInput
from mydata_hub.transparency.checkpoint import Checkpoint
from mydata_hub.transparency.counting import MAX_HOURS, count
from mydata_hub.transparency.sampling import MAX_SAMPLE, draw, seed_of
from mydata_hub.web.event_words import KIND_WORDS
from mydata_hub.web.own_log import KINDS
from mydata_hub.web.wording import korean

from tests.architecture import zone_page

PROTOCOL = zone_page.PAGE.with_name("protocol.md")
ANSWERED = {
    "class": "claims_answered",
    "hour": "2026-11-20T09Z",
    "partner": "cars",
    "decision": "allow",
    "policy_id": "permit",
    "claim": "tier@1",
    "bits": "2.3219",
}
REFUSED = ANSWERED | {
    "class": "claims_refused",
    "decision": "deny",
    "policy_id": "over_budget no_consent",
    "bits": "0.0000",
}


def test_bits_are_summed_by_partner_and_claim_and_refusals_by_each_rule():
    told = count([ANSWERED, ANSWERED, REFUSED, {"class": "erased", "hour": "2026-11-20T10Z"}])
    assert told.document() == {
        "entries": 4,
        "by_time": {"2026-11-20T09Z": 3, "2026-11-20T10Z": 1},
        "by_class": {"claims_answered": 2, "claims_refused": 1, "erased": 1},
        "by_partner": {"cars": 3},
        "by_purpose": {},
        "by_decision": {"allow": 2, "deny": 1},
        "refusals": {"over_budget": 1, "no_consent": 1},
        "bits": [{"partner": "cars", "claim": "tier@1", "bits": "4.6438"}],
    }


def test_many_hours_are_told_by_the_day():
    hours = [f"2026-11-{1 + at // 24:02d}T{at % 24:02d}Z" for at in range(MAX_HOURS + 1)]
    told = count({"class": "x", "hour": hour} for hour in hours)
    assert told.by_time == {f"2026-11-{day:02d}": 24 for day in (1, 2, 3)} | {"2026-11-04": 1}


@given(st.binary(min_size=32, max_size=32), st.integers(1, 2000), st.integers(1, MAX_SAMPLE))
def test_a_sample_is_distinct_places_of_the_log_and_the_same_every_time(seed, size, wanted):
    places = draw(seed, size, wanted)
    assert len(set(places)) == len(places) == min(size, wanted)
    assert all(0 <= place < size for place in places)
    assert draw(seed, size, wanted) == places
    # A larger sample begins with the smaller one, so nobody gains by asking again.
    assert draw(seed, size, max(1, wanted // 2)) == places[: max(1, wanted // 2)]


def test_every_place_is_as_likely():
    drawn = Counter(
        place for at in range(2_000) for place in draw(seed_of(a_checkpoint(at)), 10, 3)
    )
    assert len(drawn) == 10
    assert max(drawn.values()) < 700 < 3 * min(drawn.values())
    assert min(drawn.values()) > 500


def a_checkpoint(at):
    return Checkpoint("hub.example/log", 10, at.to_bytes(32))


def test_the_seed_is_another_for_another_root_size_or_word():
    seeds = {
        seed_of(a_checkpoint(1)),
        seed_of(a_checkpoint(2)),
        seed_of(Checkpoint("hub.example/log", 11, (1).to_bytes(32))),
        seed_of(a_checkpoint(1), "pear"),
    }
    assert len(seeds) == 4


def test_the_vector_of_the_page_is_drawn():
    found = re.search(r"Size 1,000,.*seed `(\w+)`, places ([0-9, ]+)", PROTOCOL.read_text())
    seed = seed_of(Checkpoint("any", 1_000, bytes(range(32))))
    assert seed.hex() == found[1]
    assert draw(seed, 1_000, 5) == [int(place) for place in found[2].split(", ")]


@pytest.mark.parametrize("wanted", [0, -1, MAX_SAMPLE + 1])
def test_a_sample_of_nothing_or_of_too_much_is_refused(wanted):
    with pytest.raises(BadInput, match="takes a number from 1"):
        draw(bytes(32), 10, wanted)


def test_every_kind_is_on_the_page_and_has_words_in_both_languages():
    rows = zone_page.table("class", "when", "audit facts", page=PROTOCOL)
    listed = [zone_page.names(cells[0])[0] for cells in rows]
    assert len(set(listed)) == len(listed)
    assert set(listed) == KIND_WORDS.keys()
    assert KIND_WORDS.keys() >= KINDS.keys()
    assert all(words in korean() for words in KIND_WORDS.values())
