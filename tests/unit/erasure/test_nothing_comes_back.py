"""Whatever is under way while somebody is erased: it commits before, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from mydata_hub.accounts import ceremonies
from mydata_hub.accounts.notices import deliver_notices
from mydata_hub.accounts.recovery import issue_recovery_code
from mydata_hub.collection.mapping import BUILT_IN
from mydata_hub.collection.receiving import Note
from mydata_hub.erasure.state import Kind
from mydata_hub.errors import Conflict, HubError
from mydata_hub.own_vault.errands import run_errand
from mydata_hub.own_vault.importing import Letterbox, Supplied, import_statement
from mydata_hub.ports.messages import due_messages
from mydata_hub.vault.announcements import waiting_segments
from mydata_hub.vault.key_rows import secrets_row, tombstones
from mydata_hub.vault.public_keys import public_key_row
from mydata_hub.vault.segments import blob_prefix

from tests.unit.collection.collecting_world import ORIGIN, Person
from tests.unit.collection.sample_pages import CardCompany, approval
from tests.unit.erasure.erasure_world import World

FOR_EVER = {"keys", "vault_public", "log_keys"}
STATEMENT = (
    "거래일시,적요,보낸분/받는분,송금메모,출금액,입금액,거래후잔액\n"
    "2025-01-25 09:00:00,자동이체,도시가스,,42300,,1\n"
)


def erased_meanwhile(world: World, person: Person) -> Callable[[], None]:
    """Erase somebody, whole, between what an act has read and what it commits."""
    certificate_id = world.begin(person)

    def act() -> None:
        world.tables.before.clear()
        world.take_further()
        assert world.erasure(certificate_id).certificate(Kind.ERASED)

    return act


def nothing_is_left(world: World, person: Person) -> None:
    """After the second sweep not even a blob that nobody announced."""
    world.clock.advance(timedelta(days=8))
    world.take_further()
    assert world.naming(person.account_id) == FOR_EVER
    assert list(world.blobs.names(blob_prefix(person.account_id))) == []


def test_a_page_that_is_being_collected(world: World) -> None:
    jiu = world.join()
    world.connect(jiu)
    company, erase = world.card.company, erased_meanwhile(world, jiu)
    fetch = company.fetch

    def fetched(request):
        if request.fields.get("next_page") == "3":
            erase()
        return fetch(request)

    company.fetch = fetched
    assert world.deliver() == [None]
    nothing_is_left(world, jiu)


def test_a_page_whose_grant_nobody_ended(world: World) -> None:
    """Were the grants forgotten, the vault's own tombstone would stop collection all the same."""
    jiu = world.join()
    world.connect(jiu)
    company = world.card.company
    fetch, named = company.fetch, (secrets_row(jiu.account_id), public_key_row(jiu.account_id))

    def fetched(request):
        if request.fields.get("next_page") == "3":
            rows = world.tables.fetch_many(*named)
            world.tables.commit(*tombstones(jiu.account_id, rows, world.clock.now()))
        return fetch(request)

    company.fetch = fetched
    before = list(waiting_segments(world.tables, 100))
    with pytest.raises(Conflict):
        world.deliver()
    assert len(list(waiting_segments(world.tables, 100))) == len(before) + 1
    world.clock.advance(timedelta(minutes=2))
    world.sweep()
    assert world.link(jiu).trouble == "erased"


def test_a_browser_that_comes_back_from_its_provider(world: World) -> None:
    jiu = world.join()
    departure = world.leave(jiu)
    erase = erased_meanwhile(world, jiu)
    exchange = world.card.exchange

    def exchanged(*args):
        erase()
        return exchange(*args)

    world.card.exchange = exchanged
    assert world.come_back(departure) in (Note.OVER, Note.WITHDRAWN)
    nothing_is_left(world, jiu)


def test_a_browser_that_comes_back_at_the_very_commit(world: World) -> None:
    jiu = world.join()
    departure, erase = world.leave(jiu), erased_meanwhile(world, jiu)
    # The first commit takes the departure, the second one connects.
    world.tables.before = [lambda: None, erase]
    assert world.come_back(departure) is Note.OVER
    nothing_is_left(world, jiu)


def test_a_fold(world: World) -> None:
    jiu = world.live()
    world.card.company = CardCompany({"card-1": [approval(n) for n in range(8, 12)]})
    world.clock.advance(timedelta(days=1))
    world.sweep()
    assert list(waiting_segments(world.tables, 100))
    jiu = signed_in_again(world, jiu)
    world.tables.before = [erased_meanwhile(world, jiu)]
    world.fold()
    nothing_is_left(world, jiu)


def test_a_source_that_tells_it_is_complete(world: World) -> None:
    jiu = world.live()
    told = [
        one
        for one in due_messages(world.tables, world.clock.now())
        if one.topic == "source_complete"
    ]
    assert told
    world.tables.before = [erased_meanwhile(world, jiu)]
    assert not run_errand(world.strongroom, told[0])
    nothing_is_left(world, jiu)


def test_a_statement_that_is_brought(world: World) -> None:
    jiu = world.live()
    letterbox = Letterbox(
        tables=world.tables,
        blobs=world.blobs,
        signer=world.signer,
        clock=world.clock,
        entropy=world.entropy,
    )
    mine = Supplied(
        name="mine.csv",
        content=STATEMENT.encode(),
        mapping=BUILT_IN["kr_bank"],
        all_or_nothing=True,
    )
    world.tables.before = [erased_meanwhile(world, jiu)]
    with pytest.raises(Conflict):
        import_statement(letterbox, jiu.account_id, mine)
    nothing_is_left(world, jiu)


def test_a_consent_that_is_being_signed(world: World) -> None:
    jiu = world.live()
    # The first commit prepares the record, the second one makes the grant.
    world.tables.before = [lambda: None, lambda: erased_meanwhile(world, jiu)()]
    with pytest.raises(HubError):
        world.allow(jiu)
    nothing_is_left(world, jiu)


def test_a_notice_that_is_being_delivered(world: World) -> None:
    jiu = world.live()
    issue_recovery_code(world.desk, jiu.session)
    now = world.clock.now()
    told = [one for one in due_messages(world.tables, now) if one.topic == "account_notice"]
    world.tables.before = [erased_meanwhile(world, jiu)]
    assert not deliver_notices(world.tables, told[0], now)
    nothing_is_left(world, jiu)


def signed_in_again(world: World, person: Person) -> Person:
    """With a fresh passkey: a day has passed."""
    begun = ceremonies.begin_sign_in(world.desk)
    said = person.passkey.get(begun.options, ORIGIN)
    person.session = ceremonies.finish_sign_in(world.desk, begun.ceremony, said).session
    return person
