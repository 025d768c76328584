"""What a person says of offers: the last word on each holds, for good or for a while."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.collection.record import Provenance, Record
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.offer_words import LATER_DAYS, OWN_OFFERS, name_of, offer_words
from mydata_hub.insights.profile import Profile

from tests.unit.insights import lives
from tests.unit.insights.lives import NOW

MINUTE = timedelta(minutes=1)


def word(scope: str, name: str, said: str, at=NOW) -> Record:
    return lives.record(
        f"{scope}:{name}",
        at,
        dataset=OWN_OFFERS,
        amount_minor=None,
        counterparty=None,
        connection="own-1",
        provenance=Provenance.SELF_SUPPLIED,
        body={"scope": scope, "name": name, "word": said, "as_of": at.isoformat()},
    )


def profile_of(*records: Record) -> Profile:
    return advance_profile(new_profile("vault-1"), records, {}, 1)


def test_an_offer_and_a_category_that_are_not_wanted_are_known_by_their_names():
    words = offer_words(
        profile_of(
            word("offer", "client-1.coffee", "not_interested"),
            word("category", "insurance", "not_interested"),
        ),
        NOW,
    )
    assert words.offers == {name_of("client-1.coffee")}
    assert words.allows("cafe")
    assert not words.allows("insurance")


def test_the_last_word_on_an_offer_holds_in_whatever_order_words_arrive():
    said = [
        word("offer", "client-1.coffee", "not_interested"),
        word("offer", "client-1.coffee", "interested", NOW + MINUTE),
    ]
    for records in (said, said[::-1]):
        assert offer_words(profile_of(*records), NOW).offers == frozenset()


def test_not_now_is_over_after_a_while_and_not_interested_is_not():
    profile = profile_of(
        word("offer", "client-1.coffee", "not_now"), word("offer", "client-1.tea", "not_interested")
    )
    later = NOW + timedelta(days=LATER_DAYS)
    both = {name_of("client-1.coffee"), name_of("client-1.tea")}
    assert offer_words(profile, later - MINUTE).offers == both
    assert offer_words(profile, later).offers == {name_of("client-1.tea")}


@given(
    body=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("scope", "name", "word", "as_of"), st.none() | st.text())
    )
)
def test_whatever_an_archive_of_another_hub_holds_says_nothing_or_something_and_never_fails(body):
    strange = lives.record(
        "x", NOW, dataset=OWN_OFFERS, amount_minor=None, counterparty=None, body=body
    )
    offer_words(profile_of(strange), NOW)
