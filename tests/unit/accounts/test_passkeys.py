"""Passkeys of an account: added by whoever just used one, never down to none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.accounts.account import MAX_PASSKEYS, usable_passkeys
from mydata_hub.accounts.passkeys import (
    begin_add_passkey,
    finish_add_passkey,
    remove_passkey,
    rename_passkey,
)
from mydata_hub.accounts.sessions import FRESH, read_session
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.errors import (
    BadInput,
    Busy,
    Conflict,
    NotAllowed,
    NotFound,
    NotSignedIn,
    StepUpNeeded,
    Taken,
)

from tests.unit.accounts.conftest import ORIGIN


def id_of(world, session, name):
    (found,) = (one.passkey_id for one in world.passkeys(session) if one.name == name)
    return found


def begun_adding(world, session, passkey=None):
    begun = begin_add_passkey(world.desk, session)
    made = (passkey or SoftwarePasskey.make()).create(begun.options, ORIGIN)
    return begun.ceremony, made


def test_a_second_passkey_opens_the_same_account_at_once(world):
    _, joined = world.join()
    phone = world.add(joined.session)
    assert world.sign_in(phone).account.account_id == joined.account.account_id
    assert {one.name for one in world.passkeys(joined.session)} == {"laptop", "phone"}


def test_the_browser_is_told_which_passkeys_there_are_already(world):
    _, joined = world.join()
    begun = begin_add_passkey(world.desk, joined.session)
    (held,) = world.passkeys(joined.session)
    assert [one["id"] for one in begun.options["excludeCredentials"]] == [held.passkey_id]


def test_every_passkey_is_told_of_a_new_one(world):
    first, joined = world.join()
    phone = world.add(joined.session)
    world.deliver()
    for passkey in (first, phone):
        assert world.told(world.sign_in(passkey).session) == ["passkey_added"]


def test_adding_and_removing_need_a_passkey_used_just_now(world):
    _, joined = world.join()
    world.add(joined.session)
    world.clock.advance(FRESH)
    with pytest.raises(StepUpNeeded):
        begin_add_passkey(world.desk, joined.session)
    with pytest.raises(StepUpNeeded):
        remove_passkey(world.desk, joined.session, id_of(world, joined.session, "phone"))


def test_one_session_cannot_finish_what_another_began(world):
    first, joined = world.join()
    other = world.sign_in(first)
    ceremony, made = begun_adding(world, joined.session)
    with pytest.raises(BadInput):
        finish_add_passkey(world.desk, other.session, ceremony, made, "phone")
    with pytest.raises(BadInput):
        finish_add_passkey(world.desk, joined.session, ceremony, made, "phone")
    assert len(world.passkeys(joined.session)) == 1


def test_a_passkey_of_one_account_cannot_be_added_to_another(world):
    theirs, _ = world.join()
    _, joined = world.join()
    with pytest.raises(Taken):
        world.add(joined.session, theirs)


def test_an_account_has_at_most_ten_passkeys(world):
    _, joined = world.join()
    for number in range(MAX_PASSKEYS - 2):
        world.add(joined.session, name=f"key {number}")
    late = begun_adding(world, joined.session)
    world.add(joined.session, name="last")
    with pytest.raises(NotAllowed):
        finish_add_passkey(world.desk, joined.session, *late, "too many")
    with pytest.raises(NotAllowed):
        begin_add_passkey(world.desk, joined.session)
    assert len(world.passkeys(joined.session)) == MAX_PASSKEYS


def test_two_passkeys_added_at_once_do_not_pass_the_limit_together(world):
    _, joined = world.join()
    for number in range(MAX_PASSKEYS - 2):
        world.add(joined.session, name=f"key {number}")
    one, other = (begun_adding(world, joined.session) for _ in range(2))
    world.tables.before = [
        lambda: None,
        lambda: finish_add_passkey(world.desk, joined.session, *other, "other"),
    ]
    with pytest.raises(NotAllowed):
        finish_add_passkey(world.desk, joined.session, *one, "one")
    assert len(world.passkeys(joined.session)) == MAX_PASSKEYS


def test_a_removed_passkey_opens_nothing_and_its_sessions_are_over(world):
    _, joined = world.join()
    phone = world.add(joined.session)
    thief = world.sign_in(phone)
    remove_passkey(world.desk, joined.session, thief.session.passkey_id)
    with pytest.raises(NotSignedIn):
        read_session(world.desk, thief.token)
    with pytest.raises(NotSignedIn):
        world.sign_in(phone)
    assert read_session(world.desk, joined.token)


def test_a_sign_in_that_races_with_the_removal_leaves_no_session_behind(world):
    _, joined = world.join()
    phone = world.add(joined.session)
    late = []
    world.tables.before = [lambda: late.append(world.sign_in(phone))]
    remove_passkey(world.desk, joined.session, id_of(world, joined.session, "phone"))
    with pytest.raises(NotSignedIn):
        read_session(world.desk, late[0].token)


def test_a_removal_that_races_with_a_sign_in_wins(world):
    _, joined = world.join()
    phone = world.add(joined.session)
    phone_id = id_of(world, joined.session, "phone")
    # Before the commits that keep the challenge, use it up, and open the session.
    world.tables.before = [
        lambda: None,
        lambda: None,
        lambda: remove_passkey(world.desk, joined.session, phone_id),
    ]
    with pytest.raises(NotSignedIn):
        world.sign_in(phone)


def test_those_that_stay_are_told_of_a_removal(world):
    _, joined = world.join()
    phone = world.add(joined.session)
    world.deliver()
    world.clock.advance(timedelta(seconds=1))
    remove_passkey(world.desk, joined.session, id_of(world, joined.session, "laptop"))
    world.deliver()
    assert world.told(world.sign_in(phone).session) == ["passkey_removed", "passkey_added"]
    assert world.told(joined.session) == ["passkey_added"]


def test_a_removed_passkey_may_be_enrolled_anew(world):
    _, joined = world.join()
    phone = world.add(joined.session)
    remove_passkey(world.desk, joined.session, id_of(world, joined.session, "phone"))
    world.add(joined.session, phone, "again")
    assert id_of(world, joined.session, "again")


def test_the_last_passkey_cannot_be_removed(world):
    first, joined = world.join()
    with pytest.raises(NotAllowed):
        remove_passkey(world.desk, joined.session, joined.session.passkey_id)
    assert world.sign_in(first)


def test_two_racing_removals_cannot_take_the_last_two_passkeys(world):
    first, joined = world.join()
    phone = world.add(joined.session)
    other = world.sign_in(phone)
    world.tables.before = [
        lambda: remove_passkey(world.desk, other.session, joined.session.passkey_id)
    ]
    # Each would leave the other's passkey; the second finds itself signed out instead.
    with pytest.raises(NotSignedIn):
        remove_passkey(world.desk, joined.session, other.session.passkey_id)
    assert [one.name for one in world.passkeys(other.session)] == ["phone"]
    assert world.sign_in(phone)
    with pytest.raises(NotSignedIn):
        world.sign_in(first)


def test_two_racing_removals_by_one_session_leave_one_passkey(world):
    _, joined = world.join()
    world.add(joined.session)
    mine, phone = joined.session.passkey_id, id_of(world, joined.session, "phone")
    world.tables.before = [lambda: remove_passkey(world.desk, joined.session, phone)]
    with pytest.raises(NotAllowed):
        remove_passkey(world.desk, joined.session, mine)
    assert [one.passkey_id for one in world.passkeys(joined.session)] == [mine]


def test_a_passkey_that_is_not_ones_own_is_not_found(world):
    _, other = world.join()
    _, joined = world.join()
    for passkey_id in (other.session.passkey_id, "", "unknown", "\ud800"):
        with pytest.raises(NotFound):
            remove_passkey(world.desk, joined.session, passkey_id)
        with pytest.raises(NotFound):
            rename_passkey(world.desk, joined.session, passkey_id, "mine")


def test_a_passkey_gets_another_name_and_stays_what_it_is(world):
    first, joined = world.join()
    world.clock.advance(FRESH * 2)
    (before,) = world.passkeys(joined.session)
    world.tables.before = [lambda: world.sign_in(first)]
    rename_passkey(world.desk, joined.session, before.passkey_id, " 회사 노트북 ")
    (after,) = world.passkeys(joined.session)
    assert (after.name, after.credential, after.counter) == ("회사 노트북", before.credential, 1)
    with pytest.raises(BadInput):
        rename_passkey(world.desk, joined.session, before.passkey_id, "")


def test_an_account_that_others_keep_changing_is_busy_in_the_end(world):
    def conflict():
        raise Conflict(0, "accounts")

    _, joined = world.join()
    world.tables.before = [conflict] * 5
    with pytest.raises(Busy):
        rename_passkey(world.desk, joined.session, joined.session.passkey_id, "mine")


def test_usable_passkeys_are_those_whose_time_has_come(world):
    _, joined = world.join()
    (held,) = world.passkeys(joined.session)
    later = replace(held, usable_from=world.clock.now() + timedelta(hours=72))
    assert usable_passkeys((held, later), world.clock.now()) == (held,)
    assert usable_passkeys((held, later), later.usable_from) == (held, later)
