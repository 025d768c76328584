"""A reading: what is unpacked once, and forgotten when it ends."""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.answers import answer_claim, see_insights
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.fold import CARD
from mydata_hub.insights.own_words import own_view
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.reading import once, one_reading
from mydata_hub.insights.series import SeriesFold

from tests.unit.insights.lives import NOW, cafe_visits, days_before, random_life, random_trips


class Counted(SeriesFold):
    """A series that counts how often it is unpacked."""

    unpacked: ClassVar[list[str]] = []

    def _unpack(self, packed):
        self.unpacked.append(packed)
        return super()._unpack(packed)


COUNTED = Counted(
    id="counted",
    version=1,
    capacities={CARD: 50},
    layout=struct.Struct(">q"),
    facts_of=lambda record: (record.amount_minor,),
)


@pytest.fixture
def state():
    made = COUNTED.fold(COUNTED.empty(), cafe_visits(days_before(20)))
    COUNTED.unpacked.clear()
    return made


def rows(state, *, collected_only=False):
    return list(COUNTED.rows(state, collected_only=collected_only))


def test_a_series_is_unpacked_once_in_a_reading_and_anew_for_each_other(state):
    alone = rows(state)
    assert (len(alone), len(COUNTED.unpacked)) == (20, 1)
    for readings in (2, 3):
        with one_reading():
            assert rows(state) == rows(state) == alone
            with one_reading():
                assert rows(state) == alone
            # The end of one within is not the end of it.
            assert rows(state) == alone
        assert len(COUNTED.unpacked) == readings


def test_another_state_and_another_question_are_read_for_themselves(state):
    further = COUNTED.fold(state, cafe_visits(days_before(25)))
    with one_reading():
        assert len(rows(state)) == 20
        assert len(rows(further)) == 25
        assert len(rows(state, collected_only=True)) == 20


def test_nothing_is_left_of_a_reading_that_fails():
    read = iter((1, 2))

    @one_reading()
    def fail():
        assert once("key", lambda: next(read)) == once("key", lambda: next(read)) == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert once("key", lambda: next(read)) == 2


def test_readings_at_once_know_nothing_of_each_other():
    with one_reading(), ThreadPoolExecutor(1) as other:
        assert once("key", lambda: "mine") == "mine"
        assert other.submit(once, "key", lambda: "theirs").result() == "theirs"
        assert once("key", lambda: "theirs") == "mine"


@pytest.mark.parametrize("seed", range(3))
def test_every_answer_is_the_same_alone_and_among_others(seed):
    records = [*random_life(seed, 3), *random_trips(seed, 2)]
    fresh = {record.connection_id: NOW for record in records}
    profile = advance_profile(new_profile("vault-1"), records, fresh, 1)
    # As it is opened for each answer, and once for all of them.
    alone = [
        answer_claim(Profile.decode(profile.encode()), entry, NOW) for entry in CATALOGUE.values()
    ]
    with one_reading():
        see_insights(own_view(profile), NOW)
        assert [answer_claim(profile, entry, NOW) for entry in CATALOGUE.values()] == alone
    assert len(set(alone)) > 2


def test_payments_of_one_dataset_or_between_two_minutes_are_those_of_all():
    state = PAYMENTS.fold(PAYMENTS.empty(), random_life(7, 4))
    every = PAYMENTS.payments(state, collected_only=True)
    middle = sorted(one.minute for one in every)[len(every) // 2]
    with one_reading():
        before = PAYMENTS.payments(state, collected_only=True, between=(0, middle))
        after = PAYMENTS.payments(state, collected_only=True, between=(middle, 2**32))
        assert sorted(before + after) == sorted(every)
        by_one = [
            one
            for dataset in PAYMENTS.inputs
            for one in PAYMENTS.payments(state, collected_only=True, inputs=(dataset,))
        ]
        assert by_one == every
