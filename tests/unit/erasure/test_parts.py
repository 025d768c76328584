"""Erasing a part: it goes for good and is certified, the rest stays, and it does not come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mydata_hub.accounts.sessions import FRESH
from mydata_hub.collection.record import Provenance
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.erasure.certificate import signing_key, verify_certificate
from mydata_hub.erasure.part_running import forgets
from mydata_hub.erasure.published import erasure_document
from mydata_hub.erasure.state import PART_NOT_COVERED, PART_STEPS, Kind
from mydata_hub.errors import (
    AccountRestricted,
    BadInput,
    Damaged,
    LimitExceeded,
    NotProven,
    StepUpNeeded,
)
from mydata_hub.fields import VaultId
from mydata_hub.insights.fold import CARD as CARD_PAID
from mydata_hub.insights.own_words import list_corrections, list_disputes
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.sources import SOURCES
from mydata_hub.own_vault.importing import Letterbox
from mydata_hub.own_vault.speaking import Pointed, correct_category, dispute_records
from mydata_hub.own_vault.strongroom import see_profile
from mydata_hub.ports.tables import Key, Row
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.vault import erased_parts
from mydata_hub.vault.erased_parts import (
    MAX_PARTS,
    ErasedPart,
    Scope,
    read_parts,
    read_scope,
    values_with,
)
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.public_keys import public_key_row, read_recipient
from mydata_hub.vault.segment_opening import trust

from tests.unit.accounts.conftest import memory_folder
from tests.unit.collection.collecting_world import Person
from tests.unit.collection.sample_pages import approval
from tests.unit.erasure.part_world import CARD, PartWorld

NOW = datetime(2026, 3, 10, 3, tzinfo=UTC)
MARCH_1 = date(2026, 3, 1)


@pytest.fixture
def world() -> Iterator[PartWorld]:
    with memory_folder() as folder:
        made = PartWorld(Path(folder) / "hub")
        # Eight payments on the first of March, four on the second.
        days = [approval(n) for n in range(8)] + [approval(24 * 60 + n) for n in range(4)]
        made.card.company.approvals = {"card-1": days}
        yield made
        made.close()


def test_days_go_and_the_others_stay(world: PartWorld) -> None:
    jiu = world.settle_in()
    before = world.held(jiu)
    assert len([one for one in before if "card.approvals" in one]) == 12
    erasure = world.erase_part(jiu, since=MARCH_1, until=MARCH_1)
    after = world.held(jiu)
    assert len([one for one in after if "card.approvals" in one]) == 4
    assert set(after) < set(before)
    assert erasure.done.keys() == set(PART_STEPS)
    assert world.key_versions(jiu) == {2}
    profile = see_profile(world.tables, world.vaults, jiu.account_id)
    assert profile is not None
    # No floor reaches back over the days that are gone.
    assert profile.folds[SOURCES.id].state["gap"] > 0


def speak(world: PartWorld, person: Person) -> None:
    """The person disputes the last payment of the second of March and corrects a payee."""
    own = LocalSigner(world.folder, "self-supplied", "ES256")
    trusted = {**world.strongroom.trusted, **trust([(own.public_key(), Provenance.SELF_SUPPLIED)])}
    world.strongroom = replace(world.strongroom, trusted=trusted)
    letterbox = Letterbox(
        tables=world.tables,
        blobs=world.blobs,
        signer=own,
        clock=world.clock,
        entropy=world.entropy,
    )
    profile = own_profile(world, person)
    *_, last = PAYMENTS.known(profile.folds["payments"].state, CARD_PAID)
    pointed = [Pointed(dataset=CARD_PAID, mark=last.mark)]
    assert dispute_records(letterbox, VaultId(person.account_id), profile, pointed) == 1
    correct_category(letterbox, VaultId(person.account_id), "Cafe", "bakery")
    world.fold()


def own_profile(world: PartWorld, person: Person) -> Profile:
    profile = see_profile(world.tables, world.vaults, person.account_id)
    assert profile is not None
    return profile


def words_of(world: PartWorld, person: Person) -> tuple[int, int]:
    """How many open disputes and corrections there are."""
    profile = own_profile(world, person)
    return sum(one.open for one in list_disputes(profile)), len(list_corrections(profile))


def test_words_outlive_the_erasure_of_other_days_and_of_what_they_are_about(
    world: PartWorld,
) -> None:
    jiu = world.settle_in()
    speak(world, jiu)
    assert words_of(world, jiu) == (1, 1)
    world.erase_part(jiu, since=MARCH_1, until=MARCH_1)
    assert words_of(world, jiu) == (1, 1)
    # What was disputed is gone with its day; the person's word is theirs, until they end it.
    world.erase_part(jiu, dataset="card.approvals")
    assert words_of(world, jiu) == (1, 1)


@pytest.mark.parametrize(
    ("named", "left"),
    [
        ({"dataset": "own.disputes"}, (0, 1)),
        ({"dataset": "own.categories"}, (1, 0)),
        ({"since": NOW.date(), "until": NOW.date()}, (0, 0)),
    ],
)
def test_words_go_with_their_dataset_and_with_the_day_they_were_said_on(
    world: PartWorld, named: dict[str, Any], left: tuple[int, int]
) -> None:
    jiu = world.settle_in()
    speak(world, jiu)
    world.erase_part(jiu, **named)
    assert words_of(world, jiu) == left
    kept = [one.split()[0] for one in world.held(jiu) if one.startswith("own.")]
    assert len(kept) == sum(left)


def test_a_dataset_goes_and_so_does_a_provider(world: PartWorld) -> None:
    jiu, minsu = world.settle_in(), world.settle_in("Minsu")
    whole = world.held(minsu)
    world.erase_part(jiu, dataset="card.approvals")
    others = [one for one in whole if not one.startswith("card.approvals")]
    assert [one.split()[0] for one in world.held(jiu)] == [one.split()[0] for one in others]
    world.erase_part(jiu, provider=CARD)
    assert world.held(jiu) == []
    assert world.held(minsu) == whole
    assert world.key_versions(jiu) == {3}
    assert world.key_versions(minsu) == {1}


def test_what_was_erased_does_not_come_back_by_collecting_it_again(world: PartWorld) -> None:
    jiu = world.settle_in()
    world.erase_part(jiu, provider=CARD)
    # The provider tells everything once more, and something new.
    world.card.company.approvals = {
        "card-1": [approval(n) for n in range(8)]
        + [approval(10 * 24 * 60 + n, merchant_name="new") for n in range(2)]
    }
    world.clock.advance(timedelta(days=2))
    world.sweep()
    world.fold()
    held = [one for one in world.held(jiu) if "card.approvals" in one]
    assert len(held) == 2
    recipient = read_recipient(world.tables, jiu.account_id)
    assert len(recipient.erased) == 1


def test_what_waits_to_be_folded_loses_its_share(world: PartWorld) -> None:
    jiu = world.join()
    world.connect(jiu)
    world.deliver()
    world.erase_part(jiu, since=MARCH_1, until=MARCH_1)
    world.fold()
    assert len([one for one in world.held(jiu) if "card.approvals" in one]) == 4
    assert world.key_versions(jiu) == {2}


def test_the_certificates_say_what_and_since_when_and_verify(world: PartWorld) -> None:
    jiu = world.settle_in()
    erasure = world.erase_part(jiu, dataset="card.approvals")
    world.sequence()
    world.clock.advance(timedelta(days=8))
    world.take_further()
    world.sequence()
    world.clock.advance(timedelta(minutes=1))
    world.take_further()
    document = erasure_document(world.erasure(erasure.certificate_id))
    assert document["state"] == "irrecoverable"
    assert document["part"]["dataset"] == "card.approvals"
    found = [check(world, one) for one in document["certificates"]]
    assert [one.facts["kind"] for one in found] == [f"part_{kind}" for kind in Kind]
    for one in found:
        assert one.facts["part"] == document["part"]
        assert one.facts["not_covered"] == dict(PART_NOT_COVERED)
        assert one.facts["irrecoverable_at"] > one.facts["inaccessible_at"]
        assert one.index is not None
        assert jiu.account_id not in json.dumps(document)
    altered = {**document["certificates"][0]}
    head, _, tail = altered["statement"].split(".")
    other = document["certificates"][1]["statement"].split(".")[1]
    altered["statement"] = f"{head}.{other}.{tail}"
    with pytest.raises(NotProven):
        check(world, altered)


def check(world: PartWorld, certificate: dict) -> object:
    encoded = json.dumps(certificate).encode()
    key = signing_key(encoded, [world.certificate_key.public])
    log_key = VerifierKey.parse(PublishedLog(world.tables, world.tiles).key())
    return verify_certificate(encoded, key, log_key)


def test_the_person_s_own_log_says_which_part(world: PartWorld) -> None:
    jiu = world.settle_in()
    world.erase_part(jiu, since=MARCH_1, until=MARCH_1)
    told = world.payload(jiu, "part_erasure_started")
    assert told["part"] == {
        "since": "2026-02-28T15:00:00.000000+00:00",
        "until": "2026-03-01T15:00:00.000000+00:00",
    }
    assert len(world.events(jiu, "vault_part_erased")) == 1
    assert len(world.events(jiu, "vault_keys_given_up")) == 1


def test_it_asks_for_the_passkey_and_waits_for_nothing_else(world: PartWorld) -> None:
    jiu = world.settle_in()
    world.clock.advance(FRESH + timedelta(seconds=1))
    with pytest.raises(StepUpNeeded):
        world.begin_part(jiu, provider=CARD)


def test_an_erasure_of_everything_overtakes_that_of_a_part(world: PartWorld) -> None:
    jiu = world.settle_in()
    part = world.begin_part(jiu, provider=CARD)
    whole = world.begin(jiu)
    with pytest.raises(AccountRestricted):
        world.begin_part(jiu, provider=CARD)
    world.take_further()
    world.run_part()
    world.take_further()
    erasure = world.erasure(part)
    assert erasure_document(erasure)["state"] == "overtaken"
    assert erasure.account_id is None
    assert erasure.issued == ()
    assert world.erasure(whole).inaccessible_at is not None
    assert not world.opens(jiu.account_id)


def test_parts_are_counted_and_remembered_in_both_rows(world: PartWorld) -> None:
    jiu = world.settle_in()
    world.erase_part(jiu, provider=CARD)
    world.erase_part(jiu, since=MARCH_1, until=MARCH_1)
    named = (secrets_row(jiu.account_id), public_key_row(jiu.account_id))
    rows = world.tables.fetch_many(*named)
    parts = [read_parts(rows[key]) for key in named]
    assert parts[0] == parts[1]
    assert [part.key_version for part in parts[0]] == [2, 3]


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"provider": "a", "dataset": "card.approvals"},
        {"since": MARCH_1},
        {"until": MARCH_1},
        {"since": date(2026, 3, 2), "until": MARCH_1},
        {"since": MARCH_1, "until": date(2030, 1, 1)},
        {"provider": "a", "since": MARCH_1, "until": MARCH_1},
        {"provider": "no id\n"},
        {"dataset": "No Word"},
    ],
)
def test_what_is_no_part_is_refused(world: PartWorld, named) -> None:
    jiu = world.settle_in()
    with pytest.raises(BadInput):
        world.begin_part(jiu, **named)


def test_answers_that_may_have_rested_on_a_part_are_forgotten() -> None:
    days = forgets(Scope(since=NOW - timedelta(days=1), until=NOW))
    trips = forgets(Scope(until=NOW, dataset="mobility.trips"))
    assert days("habits.cafe_time@1")
    assert trips("commute.mode@1")
    assert not trips("habits.cafe_time@1")
    assert trips("gone.from_catalogue@9")


def test_a_scope_is_what_it_was_and_what_is_none_is_damaged() -> None:
    for scope in (
        Scope(until=NOW, provider_id="p"),
        Scope(until=NOW, dataset="card.approvals"),
        Scope(until=NOW, since=NOW - timedelta(days=1)),
    ):
        assert read_scope(scope.plain()) == scope
    for told in ({}, {"until": "x", "provider": "p"}, {"until": NOW.isoformat()}):
        with pytest.raises(Damaged):
            read_scope(told)
    for bad in ("text", [7], [{"key_version": "1"}]):
        with pytest.raises(Damaged):
            read_parts(Row(Key("keys", "v"), 1, {erased_parts.FIELD: bad}))
    part = ErasedPart(scope=Scope(until=NOW, provider_id="p"), key_version=2)
    with pytest.raises(LimitExceeded):
        values_with([part] * (MAX_PARTS + 1))
