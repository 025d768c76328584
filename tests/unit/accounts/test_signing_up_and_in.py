"""Signing up and in: one answer to one challenge, from the right page, by the right passkey."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from mydata_hub.accounts.ceremonies import (
    LIFETIME,
    begin_sign_in,
    begin_sign_up,
    finish_sign_in,
    finish_sign_up,
)
from mydata_hub.accounts.passkeys import finish_add_passkey
from mydata_hub.accounts.sessions import read_session
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.errors import BadInput, HubError, NotAllowed, NotSignedIn, Taken
from mydata_hub.ports.messages import due_messages
from mydata_hub.transparency.events import pending_events

from tests.unit.accounts.adversaries import LIES, Liar
from tests.unit.accounts.conftest import ORIGIN


def an_assertion(world, passkey):
    begun = begin_sign_in(world.desk)
    return begun.ceremony, passkey.get(begun.options, ORIGIN)


def a_registration(world, passkey=None, name="지우"):
    begun = begin_sign_up(world.desk, name, "ko")
    return begun.ceremony, (passkey or SoftwarePasskey.make()).create(begun.options, ORIGIN)


def test_signing_up_makes_an_account_with_one_passkey_and_a_session(world):
    _, joined = world.join(name="  지우 ")
    account, (passkey,) = world.account(joined.session), world.passkeys(joined.session)
    assert account == joined.account
    assert (account.name, account.locale, account.role, account.version) == (
        "지우",
        "ko",
        "person",
        1,
    )
    assert (passkey.name, passkey.software, passkey.usable_from) == (
        "laptop",
        True,
        world.clock.now(),
    )
    assert read_session(world.desk, joined.token) == joined.session


def test_an_opened_account_is_an_event_of_the_log(world):
    _, joined = world.join()
    (event,) = pending_events(world.tables)
    (row,) = world.tables.fetch_many(
        *world.tables.find_keys("events", "subject", joined.account.account_id).keys
    ).values()
    assert row.key.partition == event.event_id
    assert b'"account_opened"' in row.values["personal"]


def test_signing_in_opens_a_second_session_of_the_same_account(world):
    passkey, joined = world.join()
    world.clock.advance(timedelta(days=30))
    signed_in = world.sign_in(passkey)
    assert signed_in.account == joined.account
    assert signed_in.token != joined.token
    assert read_session(world.desk, signed_in.token).authenticated_at == world.clock.now()
    (kept,) = world.passkeys(signed_in.session)
    assert (kept.counter, kept.last_used_at) == (1, world.clock.now())


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u0000b", "a\u202eb", "\ud800"])
def test_a_name_that_nobody_can_read_is_refused(desk, name):
    with pytest.raises(BadInput):
        begin_sign_up(desk, name, "ko")


@pytest.mark.parametrize("locale", ["", "fr", "KO"])
def test_a_language_that_the_pages_do_not_speak_is_refused(desk, locale):
    with pytest.raises(BadInput):
        begin_sign_up(desk, "지우", locale)


def test_a_passkey_name_that_is_refused_uses_no_challenge_up(world):
    ceremony, made = a_registration(world)
    with pytest.raises(BadInput):
        finish_sign_up(world.desk, ceremony, made, "")
    finish_sign_up(world.desk, ceremony, made, "laptop")


def test_a_challenge_to_sign_up_is_used_once(world):
    ceremony, made = a_registration(world)
    finish_sign_up(world.desk, ceremony, made, "laptop")
    with pytest.raises(BadInput):
        finish_sign_up(world.desk, ceremony, made, "laptop")


def test_a_challenge_to_sign_in_is_used_once_whether_it_was_met_or_not(world):
    passkey, _ = world.join(Liar())
    ceremony, said = an_assertion(world, passkey)
    finish_sign_in(world.desk, ceremony, said)
    with pytest.raises(BadInput):
        finish_sign_in(world.desk, ceremony, said)
    passkey.lie = "origin"
    ceremony, said = an_assertion(world, passkey)
    with pytest.raises(NotSignedIn):
        finish_sign_in(world.desk, ceremony, said)
    passkey.lie = ""
    begun_options = {"challenge": said_challenge(said), "rpId": "localhost"}
    with pytest.raises(BadInput):
        finish_sign_in(world.desk, ceremony, passkey.get(begun_options, ORIGIN))


def said_challenge(said):
    from fido2.utils import websafe_encode
    from fido2.webauthn import AuthenticationResponse

    return websafe_encode(AuthenticationResponse.from_dict(said).response.client_data.challenge)


def test_a_challenge_lives_five_minutes(world):
    passkey, _ = world.join()
    ceremony, said = an_assertion(world, passkey)
    world.clock.advance(LIFETIME)
    with pytest.raises(BadInput):
        finish_sign_in(world.desk, ceremony, said)


def test_a_challenge_for_one_thing_is_none_for_another(world):
    passkey, joined = world.join()
    ceremony, made = a_registration(world)
    with pytest.raises(BadInput):
        finish_add_passkey(world.desk, joined.session, ceremony, made, "phone")
    _, said = an_assertion(world, passkey)
    with pytest.raises(BadInput):
        finish_sign_in(world.desk, ceremony, said)


@pytest.mark.parametrize("ceremony", ["", "unknown", "\ud800", "x" * 5000, "a#b"])
def test_a_challenge_that_was_never_given_out_is_refused(world, ceremony):
    passkey, _ = world.join()
    _, said = an_assertion(world, passkey)
    with pytest.raises(BadInput):
        finish_sign_in(world.desk, ceremony, said)


def test_of_two_racing_finishes_of_one_challenge_one_wins(world):
    passkey, joined = world.join()
    ceremony, said = an_assertion(world, passkey)
    winners = []
    # The other request gets through between this one's look at the challenge and its deletion.
    world.tables.before = [
        lambda: winners.append(finish_sign_in(world.desk, ceremony, said)),
    ]
    with pytest.raises(BadInput):
        finish_sign_in(world.desk, ceremony, said)
    assert [winner.account for winner in winners] == [joined.account]


def test_of_many_threads_with_one_answer_one_wins(world):
    passkey, _ = world.join()
    ceremony, said = an_assertion(world, passkey)
    gate, outcomes = threading.Barrier(6), []

    def finish():
        gate.wait()
        try:
            outcomes.append(finish_sign_in(world.desk, ceremony, said).account.name)
        except HubError as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=finish) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["BadInput"] * 5 + ["지우"]


def test_two_sign_ins_of_a_synced_passkey_at_once_both_get_in(world):
    passkey, _ = world.join(Liar(lie="synced"))
    ceremony, said = an_assertion(world, passkey)
    # After the deletion of the challenge, and before the commit that opens the session.
    world.tables.before = [lambda: None, lambda: world.sign_in(passkey)]
    signed_in = finish_sign_in(world.desk, ceremony, said)
    assert read_session(world.desk, signed_in.token)
    assert world.passkeys(signed_in.session)[0].synced


@pytest.mark.parametrize("lie", LIES)
def test_a_passkey_made_by_lying_is_refused(world, lie):
    ceremony, made = a_registration(world, Liar(lie=lie))
    with pytest.raises(BadInput, match="was not made for this page"):
        finish_sign_up(world.desk, ceremony, made, "laptop")
    assert world.tables.query("accounts", made["id"]).rows == ()


def refusal(world, passkey, **changes):
    ceremony, said = an_assertion(world, passkey)
    with pytest.raises(NotSignedIn) as refused:
        finish_sign_in(world.desk, ceremony, {**said, **changes})
    return str(refused.value)


def test_every_way_to_lie_when_signing_in_gets_the_same_answer(world):
    passkey, _ = world.join(Liar())
    other, _ = world.join()
    world.sign_in(passkey)
    world.sign_in(passkey)
    answers = set()
    for lie in (*LIES, "counter stepped back", "counter stood still", "no counter"):
        passkey.lie = lie
        answers.add(refusal(world, passkey))
        passkey.counter = 2  # so that no lie is told apart by its counter
    passkey.lie = ""
    _, of_other = an_assertion(world, other)
    # Another account's credential, under one's own name and with its owner's signature.
    answers.add(refusal(world, passkey, id=of_other["id"], rawId=of_other["rawId"]))
    answers.add(refusal(world, passkey, response=of_other["response"]))
    # An account, and a passkey, that do not exist.
    stranger = SoftwarePasskey(rp_id="localhost", user_handle=b"f" * 32)
    answers.add(refusal(world, stranger))
    stranger.user_handle = passkey.user_handle
    answers.add(refusal(world, stranger))
    for handle in (b"", b"\xff", b"x" * 5000, b"credential#a"):
        stranger.user_handle = handle
        answers.add(refusal(world, stranger))
    answers.add(refusal(world, passkey, rawId="", id=""))
    answers.add(refusal(world, passkey, response={}))
    assert answers == {"this passkey does not open an account here"}
    passkey.counter = 10
    assert world.sign_in(passkey)


def test_a_key_that_is_not_the_passkeys_own_does_not_open_it(world):
    passkey, _ = world.join()
    thief = SoftwarePasskey(
        credential_id=passkey.credential_id, rp_id="localhost", user_handle=passkey.user_handle
    )
    thief.counter = 5
    refusal(world, thief)


def test_a_copy_of_a_passkey_stops_one_of_the_two(world):
    passkey, _ = world.join()
    copy = SoftwarePasskey(
        key=passkey.key,
        credential_id=passkey.credential_id,
        rp_id=passkey.rp_id,
        user_handle=passkey.user_handle,
        counter=passkey.counter,
    )
    world.sign_in(passkey)
    refusal(world, copy)


def test_a_passkey_opens_one_account_only(world):
    passkey, _ = world.join()
    with pytest.raises(Taken):
        world.join(passkey)


def test_a_software_passkey_is_refused_where_it_is_not_allowed(world):
    strict = world.a_desk(software_passkeys=False)
    begun = begin_sign_up(strict, "지우", "ko")
    made = SoftwarePasskey.make().create(begun.options, ORIGIN)
    with pytest.raises(NotAllowed):
        finish_sign_up(strict, begun.ceremony, made, "laptop")
    begun = begin_sign_up(strict, "지우", "ko")
    made = SoftwarePasskey(aaguid=bytes(16)).create(begun.options, ORIGIN)
    joined = finish_sign_up(strict, begun.ceremony, made, "phone")
    assert not world.passkeys(joined.session)[0].software


def test_a_software_passkey_that_a_laptop_admitted_does_not_sign_in_where_it_is_refused(world):
    passkey, _ = world.join()
    ceremony, said = an_assertion(world, passkey)
    with pytest.raises(NotAllowed):
        finish_sign_in(world.a_desk(software_passkeys=False), ceremony, said)


def test_the_commit_that_opens_a_persons_account_asks_for_their_vault(world):
    _, joined = world.join()
    asked = [
        message
        for message in due_messages(world.tables, world.clock.now())
        if message.topic == "open_vault"
    ]
    assert [message.body for message in asked] == [{"vault_id": joined.account.account_id}]
