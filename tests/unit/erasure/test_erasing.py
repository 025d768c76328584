"""A person is erased: what goes, in which order, what stays, and who else is left alone."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from mydata_hub.accounts import ceremonies
from mydata_hub.accounts.ceremonies import SignedIn
from mydata_hub.accounts.recovery import begin_recovery, finish_recovery, issue_recovery_code
from mydata_hub.accounts.sessions import FRESH
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.consent.deliveries import fetch_deliveries
from mydata_hub.consent.endings import ERASURE_JITTER
from mydata_hub.consent.grants import fetch_grant, list_grants
from mydata_hub.embedded.sqlite_file import SqliteFile
from mydata_hub.erasure.beginning import begin_erasure
from mydata_hub.erasure.published import certificate_keys, erasure_document
from mydata_hub.erasure.publishing import publish_key
from mydata_hub.erasure.running import take_further
from mydata_hub.erasure.state import STEP_NAMES, Kind, erase_message
from mydata_hub.erasure.steps import STEPS
from mydata_hub.errors import (
    AccountRestricted,
    BadInput,
    Damaged,
    NotFound,
    NotSignedIn,
    StepUpNeeded,
    Unopenable,
)
from mydata_hub.ports.messages import Message, due_messages, send
from mydata_hub.ports.tables import Absent, Put, Row
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.segments import blob_prefix
from mydata_hub.vault_config import EraseSettings
from mydata_hub.wiring import copies_of

from tests.unit.collection.collecting_world import ORIGIN, Person
from tests.unit.erasure.erasure_world import JIU, PARTNER, World

# What still holds a random name of the person, and why: docs/operations.md.
UNTIL_CONFIRMED = {"erasures"}
FOR_EVER = {"keys", "vault_public", "log_keys"}


def test_what_a_person_had_is_gone_and_somebody_elses_is_as_it_was(world: World) -> None:
    minsu = world.live("Minsu")
    before = {row.key: row for row in world.everything()}
    jiu = world.live(JIU)
    assert world.opens(jiu.account_id)
    assert {
        "accounts",
        "grants",
        "intake",
        "vaults",
        "ledger",
        "appeals",
        "coupons",
    } < world.naming(jiu.account_id)
    world.erase(jiu)
    assert not world.opens(jiu.account_id)
    assert list(world.blobs.names(blob_prefix(jiu.account_id))) == []
    assert world.naming(JIU) == set()
    left = world.naming(jiu.account_id)
    assert left == FOR_EVER | UNTIL_CONFIRMED
    assert world.opens(minsu.account_id)
    assert fetch_grant(world.tables, list_grants(world.tables, minsu.account_id)[0].grant_id)
    now = {row.key: row for row in world.everything()}
    changed = {key.table for key, row in before.items() if now.get(key) != row}
    assert changed <= {"events", "log", "outbox"}


def test_the_steps_are_those_that_the_page_names_in_that_order(world: World) -> None:
    assert tuple(step.name for step in STEPS) == STEP_NAMES
    erasure = world.erase(world.live())
    assert erasure.done.keys() == set(STEP_NAMES)
    assert erasure.done["keys"] == erasure.inaccessible_at


def test_grants_end_as_if_withdrawn_before_they_go(world: World) -> None:
    jiu = world.live()
    given = list_grants(world.tables, jiu.account_id)
    assert len(given) == 2
    world.erase(jiu)
    told = fetch_deliveries(world.tables, [one.grant_id for one in given])
    assert [(one.client_id, one.subject, one.erased) for one in told.values()] == [
        (PARTNER, "pairwise", True)
    ]
    waiting = due_messages(world.tables, world.clock.now() + ERASURE_JITTER)
    assert sorted(one.topic for one in waiting) == ["erase", "grant_ended"]
    assert list_grants(world.tables, jiu.account_id) == ()
    assert [fetch_grant(world.tables, one.grant_id) for one in given] == [None, None]


def test_somebody_without_a_vault_is_erased_and_never_gets_one(world: World) -> None:
    jiu = world.join(vault=False)
    world.erase(jiu)
    with pytest.raises(Unopenable):
        world.vaults.create_vault(jiu.account_id, world.entropy)
    assert list(due_messages(world.tables, world.clock.now())) == []


def test_asking_takes_the_words_a_fresh_passkey_and_no_running_recovery(world: World) -> None:
    jiu = world.live()
    for words in ("", "erase", "지울게"):
        with pytest.raises(BadInput, match="confirmation"):
            begin_erasure(world.desk, jiu.session, words)
    code = issue_recovery_code(world.desk, jiu.session)
    begun = begin_recovery(world.desk, code)
    stranger = SoftwarePasskey.make().create(begun.options, ORIGIN)
    finish_recovery(world.desk, begun.ceremony, stranger, "new")
    with pytest.raises(AccountRestricted, match="recovery"):
        world.begin(jiu)
    world.clock.advance(FRESH)
    with pytest.raises(StepUpNeeded):
        world.begin(jiu)
    assert world.naming("certificate_id") == set()


def test_asking_twice_is_one_erasure_whatever_the_letters(world: World) -> None:
    jiu = world.live()
    first = begin_erasure(world.desk, jiu.session, " Erase Everything ")
    assert begin_erasure(world.desk, jiu.session, "지울게요") == first
    assert world.take_further() == [True]


def test_nothing_is_added_to_an_account_that_is_being_erased(world: World) -> None:
    jiu = world.live()
    code = issue_recovery_code(world.desk, jiu.session)
    begun = begin_recovery(world.desk, code)
    world.begin(jiu)
    with pytest.raises(AccountRestricted, match="being erased"):
        world.allow(jiu)
    with pytest.raises(AccountRestricted, match="being erased"):
        issue_recovery_code(world.desk, jiu.session)
    world.take_further()
    made = SoftwarePasskey.make().create(begun.options, ORIGIN)
    with pytest.raises(BadInput, match="code"):
        finish_recovery(world.desk, begun.ceremony, made, "new")
    with pytest.raises(NotSignedIn):
        sign_in(world, jiu)
    with pytest.raises(NotSignedIn):
        world.begin(jiu)


def test_a_link_tells_how_far_it_is_and_names_nobody(world: World) -> None:
    jiu = world.live()
    certificate_id = world.begin(jiu)
    told = erasure_document(world.erasure(certificate_id))
    assert told["state"] == "running"
    assert {step["done_at"] for step in told["steps"]} == {None}
    world.take_further()
    told = erasure_document(world.erasure(certificate_id))
    assert told["state"] == "inaccessible"
    assert all(step["done_at"] for step in told["steps"])
    assert len(told["certificates"]) == 1
    for word in (jiu.account_id, JIU, f"CI-of-{JIU}"):
        assert word not in str(told)
    for unknown in ("0" * 64, "keys", "../etc", ""):
        with pytest.raises(NotFound):
            world.erasure(unknown)


def test_the_second_certificate_comes_when_no_copy_of_the_keys_is_left(world: World) -> None:
    jiu = world.live()
    world.copies = timedelta(days=7)
    erasure = world.erase(jiu)
    assert erasure.inaccessible_at
    assert erasure.irrecoverable_at == erasure.inaccessible_at + timedelta(days=7)
    world.clock.advance(timedelta(days=6))
    world.take_further()
    assert world.erasure(erasure.certificate_id).certificate(Kind.IRRECOVERABLE) is None
    # Somebody made a copy that lives longer: what was planned is put off.
    world.copies = timedelta(days=9)
    world.clock.advance(timedelta(days=2))
    world.take_further()
    put_off = world.erasure(erasure.certificate_id)
    assert put_off.certificate(Kind.IRRECOVERABLE) is None
    assert put_off.irrecoverable_at == erasure.inaccessible_at + timedelta(days=9)
    world.clock.advance(timedelta(days=1))
    world.take_further()
    over = world.erasure(erasure.certificate_id)
    assert [one.kind for one in over.issued] == list(Kind)
    assert over.account_id is None
    assert world.naming(jiu.account_id) == FOR_EVER


def test_what_came_in_between_two_steps_is_swept_up_before_the_second_certificate(
    world: World,
) -> None:
    jiu = world.live()
    erasure = world.erase(jiu)
    late = world.live("Late")
    own = [row for row in world.everything() if row.key.partition == late.account_id]
    left = [moved(row, jiu) for row in own if row.key.table in ("notices", "ledger")]
    assert len(left) == 3
    world.tables.commit(*left)
    name = f"{blob_prefix(jiu.account_id)}late.1"
    world.blobs.put_if_absent(name, b"put by a run that was killed before it announced it")
    world.clock.advance(timedelta(days=8))
    world.take_further()
    assert list(world.blobs.names(blob_prefix(jiu.account_id))) == []
    assert world.naming(jiu.account_id) == FOR_EVER
    assert world.erasure(erasure.certificate_id).certificate(Kind.IRRECOVERABLE)


def test_where_no_copies_are_made_both_certificates_come_at_once(world: World) -> None:
    world.copies = timedelta(0)
    assert [one.kind for one in world.erase(world.live()).issued] == list(Kind)


def test_a_message_that_comes_again_or_says_nothing_changes_nothing(world: World) -> None:
    jiu = world.live()
    world.begin(jiu)
    (message,) = [
        one for one in due_messages(world.tables, world.clock.now()) if one.topic == "erase"
    ]
    assert take_further(world.room(), message)
    before = list(world.everything())
    assert not take_further(world.room(), message)
    assert list(world.everything()) == before
    bad = Message(message_id="m-1", topic="erase", body={}, due_at=world.clock.now())
    world.tables.commit(send(bad))
    with pytest.raises(Damaged):
        take_further(world.room(), bad)
    unknown = erase_message("0" * 64, "m-2", world.clock.now())
    world.tables.commit(send(unknown))
    with pytest.raises(NotFound):
        take_further(world.room(), unknown)


def test_the_keys_of_certificates_are_published_once_each(world: World) -> None:
    assert certificate_keys(world.tables) == {"keys": []}
    for _ in range(2):
        publish_key(world.tables, world.certificate_key)
    (published,) = certificate_keys(world.tables)["keys"]
    assert published == world.certificate_key.public.as_dict(private=False)
    assert "d" not in published


def moved(row: Row, person: Person) -> Put:
    """The same row under somebody else's name."""
    return Put(key=replace(row.key, partition=person.account_id), values=row.values, when=Absent())


def sign_in(world: World, person: Person) -> SignedIn:
    begun = ceremonies.begin_sign_in(world.desk)
    said = person.passkey.get(begun.options, ORIGIN)
    return ceremonies.finish_sign_in(world.desk, begun.ceremony, said)


def test_on_a_laptop_the_destroyed_secrets_are_in_no_file_of_the_hub(world: World) -> None:
    jiu = world.live()
    key = secrets_row(jiu.account_id)
    versions: Any = world.tables.fetch_many(key)[key].values["versions"]
    # Their beginnings, as a row holds bytes: a database may lay one value over two pages.
    wrapped = [b64encode(versions["1"][name])[:40] for name in ("profile", "records")]

    def lying_about() -> list[str]:
        files = [path for path in world.folder.rglob("*") if path.is_file()]
        return [path.name for path in files if any(one in path.read_bytes() for one in wrapped)]

    assert lying_about()
    fields = dict.fromkeys(EraseSettings.model_fields, "x")
    copies = copies_of(
        EraseSettings(
            **{**fields, "engine": f"embedded:{world.folder}", "issuer": "http://localhost:1"}
        )
    )
    certificate_id = world.begin(jiu)
    world.take_further(world.room(copies_until=copies.keys_until, rows_until=copies.rows_until))
    erasure = world.erasure(certificate_id)
    assert [one.kind for one in erasure.issued] == list(Kind)
    assert lying_about() == []
    assert world.clock.now() == erasure.irrecoverable_at


def test_while_somebody_reads_the_old_rows_nothing_is_said_to_be_irrecoverable(
    world: World,
) -> None:
    jiu = world.live()
    reader = SqliteFile(world.folder)
    with reader.reading() as connection:
        connection.execute("SELECT count(*) FROM row").fetchone()
        world.erase(jiu)
        assert not SqliteFile(world.folder, busy_seconds=0.1).empty_log()
    assert SqliteFile(world.folder).empty_log()
