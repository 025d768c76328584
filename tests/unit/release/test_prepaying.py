"""What a grant gives away by being given: charged in its commit, told once at no further price."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.insights.advance import new_profile
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.release.ledger import GROUP_CAP, price
from mydata_hub.release.ledger_rows import ledger_key, read_ledger, total_key
from mydata_hub.release.prepaying import prepay, read_room
from mydata_hub.vault.manifest import read_manifest, vault_row
from mydata_hub.vault.profiles import seal_profile, write_vault
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.release.gate_readings import total as charged_in_all
from tests.unit.release.world import MORNING, TIME, regular_life

CLAIMS = [CATALOGUE[MORNING].claim, CATALOGUE[TIME].claim]


@pytest.fixture
def asked(hub):
    """A person whose vault is called as the person is: that is what the edge knows it by."""
    hub.grant, hub.session = hub.consent()
    hub.vault(hub.grant.subject, regular_life())
    return hub


def ask(hub, *claims, **options):
    return hub.ask(hub.grant, *claims, vault=hub.grant.subject, **options)


def ledger(hub):
    key = ledger_key(hub.grant.subject, "rentals")
    return read_ledger(hub.store.fetch_many(key).get(key))


def total(hub):
    return charged_in_all(hub, hub.grant.subject)


def answers(hub):
    return (
        hub.store.fetch_many(ledger_key(hub.grant.subject, "rentals"))
        .popitem()[1]
        .values["answers"]
    )


def pay(hub, claims=CLAIMS, grant=None):
    changes = prepay(hub.store, grant or hub.grant, claims, hub.now)
    hub.store.commit(*changes)
    return sum(map(price, claims))


def test_all_that_an_acceptance_tells_is_charged_before_a_question_is_asked(asked):
    units = pay(asked)
    assert ledger(asked).charged(asked.now) == total(asked) == units
    assert ledger(asked).charged_to(asked.grant.grant_id) == units
    assert read_room(asked.store, asked.grant.subject, "rentals", asked.now).group == (
        GROUP_CAP - units
    )


def test_what_was_prepaid_is_told_once_for_it_and_then_is_frozen(asked):
    units = pay(asked)
    for _ in range(2):
        answered = ask(asked, MORNING, TIME)
        assert asked.told(answered)[0] == {MORNING: "yes", TIME: "7_to_9"}
        assert asked.bits(answered) == "0.0000"
    assert ledger(asked).charged(asked.now) == total(asked) == units
    assert ledger(asked).prepaid == {}
    anew = ask(asked, MORNING, anew=True)
    assert asked.bits(anew) == "1.5850"


def test_a_claim_that_was_not_prepaid_has_its_price(asked):
    pay(asked, [CATALOGUE[TIME].claim])
    assert asked.bits(ask(asked, MORNING, TIME)) == "1.5850"


def test_what_another_grant_prepaid_is_of_no_use_to_this_one(asked):
    pay(asked, grant=replace(asked.grant, grant_id="another"))
    assert asked.bits(ask(asked, MORNING)) == "1.5850"


def test_an_answer_that_was_frozen_before_is_told_as_it_is_now(asked):
    """The acceptance said that it is so now, and that was paid for; the older answer may differ."""
    first = asked.told(ask(asked, MORNING))[0]
    asked.store.commit(row_without_records(asked))
    frozen = asked.told(ask(asked, MORNING))[0]
    assert frozen == first == {MORNING: "yes"}
    sealed = answers(asked)
    pay(asked, [CATALOGUE[MORNING].claim])
    assert answers(asked) == sealed  # the edge can open none of it, and changes none of it
    told = ask(asked, MORNING)
    assert (asked.told(told)[0], asked.bits(told)) == ({MORNING: NO_ANSWER}, "0.0000")
    assert asked.told(ask(asked, MORNING))[0] == {MORNING: NO_ANSWER}


def row_without_records(hub):
    """The change that gives the vault an empty profile."""
    vault = hub.grant.subject
    row = hub.store.fetch_many(vault_row(vault))[vault_row(vault)]
    manifest, version = read_manifest(vault, row), row.values["profile_version"] + 1
    keys = hub.gate.vault_keys
    sealed = seal_profile(
        new_profile(vault).encode(), version, manifest, keys.profile_secret(vault), hub.desk.entropy
    )
    owner = VaultKeys(hub.store, hub.kms.keys, hub.clock)
    return write_vault(row, manifest, owner.records_secret(vault), version, sealed)


def test_what_would_pass_a_cap_of_the_group_is_not_prepaid(asked):
    spent = 0
    while spent + sum(map(price, CLAIMS)) <= GROUP_CAP:
        asked.grant = replace(asked.grant, grant_id=f"grant-{spent}")
        spent += pay(asked)
    before = ledger(asked)
    assert prepay(asked.store, asked.grant, CLAIMS, asked.now) is None
    assert ledger(asked) == before


def test_what_would_pass_the_cap_of_the_person_is_not_prepaid(asked):
    for number in range(20):
        grant = replace(asked.grant, recipient_group=f"group-{number}")
        changes = prepay(asked.store, grant, CLAIMS, asked.now)
        if changes is None:
            break
        asked.store.commit(*changes)
    else:
        pytest.fail("there is no cap")
    assert number == 13  # 14 times 4.585 bits would be more than 64
    assert not read_room(asked.store, grant.subject, f"group-{number}", asked.now).fits(45850)


def test_a_grant_that_tells_nothing_costs_nothing(asked):
    assert prepay(asked.store, asked.grant, [], asked.now) == ()
    key = total_key(asked.grant.subject)
    assert key not in asked.store.fetch_many(key)


def test_what_was_prepaid_and_never_asked_for_is_forgotten_with_the_grant(asked):
    pay(asked)
    late = asked.grant.expires_at + timedelta(days=1)
    assert ledger(asked).prune(late - timedelta(days=2)).prepaid
    assert ledger(asked).prune(late).prepaid == {}
