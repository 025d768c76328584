"""A sample provider fails in every way it can be told to; the engine loses and doubles nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mydata_hub.collection.wire import Setback
from mydata_hub.samples.lives import live
from mydata_hub.samples.people import PEOPLE

from tests.samples.life_facts import life_as_records, records_as_facts
from tests.samples.sample_world import NOW, Samples

CLEAN_AFTER_RETRY = ["throttled", "unavailable", "truncated"]
STAYS = {
    "malformed": Setback.MALFORMED,
    "wrong_type": Setback.WRONG_TYPE,
    "loop": Setback.REPEATING,
}


@pytest.mark.parametrize("kind", CLEAN_AFTER_RETRY)
def test_a_passing_fault_is_waited_out(samples: Samples, kind: str) -> None:
    connected = samples.connect("card", "hana")
    samples.fault(kind, "card", "hana", after=2, seconds=7)

    assert connected.sync().finished
    assert len(connected.waits) == 1
    assert (connected.waits[0] >= 7) is (kind == "throttled")
    assert records_as_facts(connected) == life_as_records(live(PEOPLE["hana"], NOW), "card")


@pytest.mark.parametrize(
    ("kind", "setback"),
    [
        ("throttled", Setback.THROTTLED),
        ("unavailable", Setback.UNAVAILABLE),
        ("truncated", Setback.TRUNCATED),
    ],
)
def test_a_fault_that_does_not_pass_is_told_by_its_type(
    samples: Samples, kind: str, setback: Setback
) -> None:
    connected = samples.connect("mobility", "hana")
    samples.fault(kind, "mobility", "hana", times=4, after=1, seconds=3)

    outcome = connected.sync()

    assert outcome.setback is setback
    assert outcome.pages == 1
    assert connected.sync().finished
    assert records_as_facts(connected) == life_as_records(live(PEOPLE["hana"], NOW), "mobility")


@pytest.mark.parametrize("kind", STAYS)
def test_a_bad_page_ends_the_run_and_the_next_run_goes_on_there(
    samples: Samples, kind: str
) -> None:
    connected = samples.connect("card", "jiu")
    samples.fault(kind, "card", "jiu", after=1, times=2 if kind == "loop" else 1)

    outcome = connected.sync()

    assert outcome.setback is STAYS[kind]
    assert connected.sync().finished
    assert records_as_facts(connected) == life_as_records(live(PEOPLE["jiu"], NOW), "card")


def test_a_field_that_the_closed_schema_does_not_know_is_refused(samples: Samples) -> None:
    connected = samples.connect("mobility", "jiu")
    samples.fault("unknown_field", "mobility", "jiu")

    assert connected.sync().setback is Setback.UNKNOWN_FIELD
    assert connected.held() == {}
    assert connected.sync().finished


def test_a_field_that_the_standard_does_not_know_is_counted(samples: Samples) -> None:
    plain, odd = samples.connect("efin", "jiu"), samples.connect("efin", "jiu")
    usual = plain.sync().unknown_fields
    samples.fault("unknown_field", "efin", "jiu", after=1)

    assert odd.sync().unknown_fields == usual + 1
    assert odd.held() == plain.held()


def test_a_page_that_comes_twice_is_counted_once(samples: Samples) -> None:
    connected = samples.connect("card", "minho")
    # What was changed within a page is told twice in it, and counted so without any fault.
    usual = samples.connect("card", "minho").sync().repeated
    samples.fault("repeat", "card", "minho", after=1)

    outcome = connected.sync()

    assert outcome.finished
    assert outcome.repeated == usual + 500
    assert records_as_facts(connected) == life_as_records(live(PEOPLE["minho"], NOW), "card")


def test_a_body_that_drips_is_cut_off_at_the_deadline(samples: Samples) -> None:
    connected = samples.connect("efin", "hana", deadline_s=0.3)
    samples.fault("slow", "efin", "hana", times=4, seconds=2)

    assert connected.sync().setback is Setback.TOO_SLOW
    assert connected.held() == {}


def test_an_expired_token_is_renewed_once_and_the_sweep_goes_on(samples: Samples) -> None:
    connected = samples.connect("bank", "jiu")
    samples.fault("expired", "bank", "jiu")

    assert connected.sync().finished
    assert len(connected.renewed) == 1
    assert records_as_facts(connected) == life_as_records(live(PEOPLE["jiu"], NOW), "bank")


def test_a_consent_that_was_revoked_there_ends_the_connection_and_no_other(
    samples: Samples,
) -> None:
    ended, other = samples.connect("invest", "jiu"), samples.connect("invest", "minho")
    samples.fault("revoked", "invest", "jiu")

    assert ended.sync().setback is Setback.CONSENT_ENDED
    assert other.sync().finished
    again = samples.connect("invest", "jiu")
    assert again.sync().finished


def test_faults_need_the_token_that_was_printed(samples: Samples) -> None:
    url = f"{samples.about['url']}/admin/faults"
    told = json.dumps({"kind": "slow", "provider": "card"})
    for headers in ({}, {"authorization": "Bearer guessed"}):
        assert samples.http.post(url, content=told, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "love", "provider": "card"},
        {"kind": "slow", "provider": "cards"},
        {"kind": "slow", "provider": "card", "person": "nobody"},
        {"kind": "slow", "provider": "card", "times": "2"},
        {"kind": "slow", "provider": "card", "colour": "red"},
        {"kind": "expired", "provider": "card"},
        {"kind": "cancel", "provider": "bank", "person": "jiu"},
    ],
)
def test_a_fault_that_means_nothing_is_refused(samples: Samples, told: dict[str, Any]) -> None:
    headers = {"authorization": f"Bearer {samples.about['admin_token']}"}
    url = f"{samples.about['url']}/admin/faults"

    assert samples.http.post(url, json=told, headers=headers).status_code == 400
