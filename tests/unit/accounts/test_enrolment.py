"""Enrolment: one link, one account, for a day."""

from __future__ import annotations

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.ceremonies import finish_sign_up
from mydata_hub.accounts.enrolment import (
    LIFETIME,
    Invitation,
    begin_enrolment,
    invite,
    read_invitation,
)
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.errors import BadInput, NotFound, Taken

from tests.unit.accounts.conftest import ORIGIN


@pytest.fixture
def token(desk):
    path = invite(desk, Role.AUDITOR, " Min ", "en")
    assert path.startswith("/enrol/")
    return path.removeprefix("/enrol/")


def finish(world, begun, passkey=None):
    made = (passkey or SoftwarePasskey.make()).create(begun.options, ORIGIN)
    return finish_sign_up(world.desk, begun.ceremony, made, "laptop")


def test_a_link_says_who_is_invited_and_makes_that_account(world, token):
    assert read_invitation(world.desk, token) == Invitation(
        role=Role.AUDITOR, name="Min", locale="en"
    )
    joined = finish(world, begin_enrolment(world.desk, token))
    assert (joined.account.role, joined.account.name, joined.account.locale) == (
        "auditor",
        "Min",
        "en",
    )
    assert joined.session.role == "auditor"


def test_staff_sign_in_like_everybody_and_keep_their_role(world, token):
    passkey = SoftwarePasskey.make()
    finish(world, begin_enrolment(world.desk, token), passkey)
    assert world.sign_in(passkey).session.role == "auditor"


def test_a_link_makes_one_account_even_for_two_who_began_at_once(world, token):
    one, other = begin_enrolment(world.desk, token), begin_enrolment(world.desk, token)
    finish(world, one)
    with pytest.raises(Taken):
        finish(world, other)
    with pytest.raises(NotFound):
        begin_enrolment(world.desk, token)


def test_a_link_is_over_after_a_day_also_for_whoever_began_before(world, token):
    begun = begin_enrolment(world.desk, token)
    made = SoftwarePasskey.make().create(begun.options, ORIGIN)
    world.clock.advance(LIFETIME)
    with pytest.raises(NotFound):
        read_invitation(world.desk, token)
    with pytest.raises(BadInput):
        finish_sign_up(world.desk, begun.ceremony, made, "laptop")


@pytest.mark.parametrize("token", ["", "x", "\ud800", "x" * 5000])
def test_a_link_that_was_never_given_out_invites_nobody(desk, token):
    with pytest.raises(NotFound):
        begin_enrolment(desk, token)


def test_the_store_does_not_hold_the_link(world, token):
    stored = b"".join(path.read_bytes() for path in world.folder.glob("hub.sqlite3*"))
    assert b"invitation#" in stored
    assert token.encode() not in stored


def test_nobody_is_invited_without_a_name(desk):
    with pytest.raises(BadInput):
        invite(desk, Role.OPERATOR, " ")
