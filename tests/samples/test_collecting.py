"""The real engine reads every sample provider over HTTP to exactly the records of the lives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mydata_hub.samples.lives import live
from mydata_hub.samples.people import PEOPLE

from tests.samples.life_facts import life_as_records, records_as_facts
from tests.samples.sample_world import NOW, Samples, served

FAMILIES = ["card", "efin", "bank", "invest", "insurer", "mobility"]
PERSONS = ["jiu", "minho", "hana"]


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_sweep_gives_the_records_that_the_life_says(
    samples: Samples, family: str, person: str
) -> None:
    connected = samples.connect(family, person)

    assert connected.sync().finished
    assert records_as_facts(connected) == life_as_records(live(PEOPLE[person], NOW), family)


def test_another_sweep_finds_nothing_new(samples: Samples) -> None:
    connected = samples.connect("card", "jiu")
    connected.sync()
    before = connected.held()

    assert connected.sync().finished
    assert connected.held().keys() == before.keys()


def test_a_load_of_over_twenty_thousand_records_comes_whole(samples: Samples) -> None:
    connected = samples.connect("card", "heavy")

    outcome = connected.sync()

    assert outcome.finished
    assert outcome.pages > 40
    approvals = [r for r in connected.held().values() if r.dataset == "card.approvals"]
    assert len(approvals) > 20_000
    told = [bought for bought in live(PEOPLE["heavy"], NOW).purchases if bought.told_at <= NOW]
    assert len(approvals) == len(told)


def test_the_same_fact_has_the_same_record_whenever_it_is_collected(samples: Samples) -> None:
    first, second = samples.connect("bank", "minho"), samples.connect("bank", "minho")
    first.sync()
    second.sync()

    assert first.held() == second.held()


@pytest.fixture
def own_samples() -> Iterator[Samples]:
    """Providers of this test alone: it moves their clock or takes payments back for good."""
    with served() as own:
        yield own


def test_what_is_told_late_and_taken_back_later_comes_with_a_later_sweep(
    own_samples: Samples,
) -> None:
    connected = own_samples.connect("card", "jiu")
    connected.sync()
    first = connected.held()
    cancelled = own_samples.fault("cancel", "card", "jiu")["cancelled"]
    own_samples.admin("POST", "clock", days=5)

    assert connected.sync().finished

    changed = [
        record
        for record_id, record in connected.held().items()
        if record_id in first and record.state is not first[record_id].state
    ]
    assert len(changed) == 1
    (taken_back,) = changed
    assert not taken_back.counts
    assert taken_back.counterparty == cancelled["merchant"]
    assert taken_back.source_id.endswith(cancelled["number"])
    late = [b for b in live(PEOPLE["jiu"], NOW).purchases if b.told_at > NOW]
    new = [record for key, record in connected.held().items() if key not in first]
    assert late
    assert [(r.occurred_at, r.counterparty) for r in new] == [(b.at, b.merchant) for b in late]
