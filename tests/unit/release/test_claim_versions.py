"""How a question changes under consents that live: versions side by side, until one is over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mydata_hub.errors import NotReleased
from mydata_hub.insights.catalogue import CATALOGUE, check_catalogue

from tests.unit.release.gate_readings import ledger, refused
from tests.unit.release.world import MORNING

NEXT = "habits.cafe_morning@2"
OLD = CATALOGUE[MORNING]
NEW = replace(OLD, claim=replace(OLD.claim, version=2))


def with_versions(hub, *entries):
    others = [entry for ref, entry in CATALOGUE.items() if ref != MORNING]
    return replace(hub.gate, catalogue=check_catalogue([*others, *entries]))


def test_a_consent_keeps_the_version_that_was_signed(asked):
    gate = with_versions(asked, OLD, NEW)
    for name in ("habits.cafe_morning", MORNING):
        told, _ = asked.told(asked.ask(asked.grant, name, gate=gate))
        assert told == {MORNING: "yes"}
    assert refused(lambda: asked.ask(asked.grant, NEXT, gate=gate)) == "not_granted"


def test_a_new_consent_gets_the_new_version_and_pays_for_it_on_the_same_attribute(asked):
    gate = with_versions(asked, OLD, NEW)
    asked.ask(asked.grant, MORNING, gate=gate)
    passkey, session = asked.join()
    grant = asked.agree(passkey, session, asked.client(), items=(NEXT,))
    answered = asked.ask(grant, "habits.cafe_morning", gate=gate)
    assert asked.told(answered)[0] == {NEXT: "yes"}
    # What a version told before is no discount: the ledger counts what may have been learned.
    assert asked.bits(answered) == "1.5850"
    (units,) = ledger(asked).attributes().values()
    assert units == 2 * 15850


@pytest.mark.parametrize("name", ["habits.cafe_morning", MORNING])
def test_a_version_that_is_over_is_not_answered_and_costs_nothing(asked, name):
    asked.ask(asked.grant, MORNING, key="before")
    gate = with_versions(asked, replace(OLD, retired=True), NEW)
    assert refused(lambda: asked.ask(asked.grant, name, gate=gate)) == "catalogue"
    assert len(ledger(asked).charges) == 1
    with pytest.raises(NotReleased):
        asked.ask(asked.grant, MORNING, key="before", gate=gate)


def test_the_consent_s_other_questions_go_on(asked):
    gate = with_versions(asked, replace(OLD, retired=True), NEW)
    told, _ = asked.told(asked.ask(asked.grant, "commute.mode", gate=gate))
    assert told == {"commute.mode@1": "subway"}
