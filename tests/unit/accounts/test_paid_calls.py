"""What each act costs in calls that one pays for: a number that may only fall."""

from __future__ import annotations

import pytest
from mydata_hub.accounts import ceremonies, enrolment, notices, passkeys, recovery, sessions
from mydata_hub.accounts.account import Role
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.errors import NotSignedIn

from tests.unit.accounts.conftest import ORIGIN


@pytest.fixture
def person(world):
    """A person with two passkeys and a printed code: gives passkey and session of the first."""
    passkey, joined = world.join()
    world.phone = world.add(joined.session)
    world.code = recovery.issue_recovery_code(world.desk, joined.session)
    world.tables.calls.clear()
    return passkey, joined


def cost(world, act):
    world.tables.calls.clear()
    act()
    return world.tables.paid()


def test_signing_up(world):
    begun = ceremonies.begin_sign_up(world.desk, "지우", "ko")
    assert world.tables.paid() == {"commit": 1}
    made = SoftwarePasskey.make().create(begun.options, ORIGIN)
    ceremonies.finish_sign_up(world.desk, begun.ceremony, made, "laptop")
    assert world.tables.paid() == {"commit": 2, "fetch": 1}


def test_signing_in(world, person):
    passkey, _ = person
    begun = ceremonies.begin_sign_in(world.desk)
    assert world.tables.paid() == {"commit": 1}
    said = passkey.get(begun.options, ORIGIN)
    ceremonies.finish_sign_in(world.desk, begun.ceremony, said)
    assert world.tables.paid() == {"commit": 2, "fetch": 2, "query": 1}


def test_every_request_of_a_session(world, person):
    _, joined = person
    assert cost(world, lambda: sessions.read_session(world.desk, joined.token)) == {"fetch": 1}
    world.clock.advance(sessions.SLIDE)
    slid = cost(world, lambda: sessions.read_session(world.desk, joined.token))
    assert slid == {"commit": 1, "fetch": 1}
    with pytest.raises(NotSignedIn):
        sessions.read_session(world.desk, "no token")
    assert world.tables.paid() == {}


def test_signing_out(world, person):
    _, joined = person
    ended = cost(world, lambda: sessions.end_session(world.desk, joined.token))
    assert ended == {"commit": 1, "query": 1}


def test_passkeys(world, person):
    _, joined = person
    begun = passkeys.begin_add_passkey(world.desk, joined.session)
    assert world.tables.paid() == {"commit": 1, "fetch": 1, "query": 1}
    made = SoftwarePasskey.make().create(begun.options, ORIGIN)
    added = passkeys.finish_add_passkey(world.desk, joined.session, begun.ceremony, made, "tablet")
    assert world.tables.paid() == {"commit": 2, "fetch": 3, "query": 1}
    passkeys.rename_passkey(world.desk, joined.session, added.passkey_id, "old tablet")
    assert world.tables.paid() == {"commit": 1, "fetch": 1, "query": 1}
    passkeys.remove_passkey(world.desk, joined.session, added.passkey_id)
    assert world.tables.paid() == {"commit": 1, "fetch": 1, "query": 2}


def test_recovery(world, person):
    _, joined = person
    code = recovery.issue_recovery_code(world.desk, joined.session)
    assert world.tables.paid() == {"commit": 1, "fetch": 1, "query": 1}
    begun = recovery.begin_recovery(world.desk, code)
    assert world.tables.paid() == {"commit": 2, "fetch": 3, "query": 1}
    made = SoftwarePasskey.make().create(begun.options, ORIGIN)
    recovery.finish_recovery(world.desk, begun.ceremony, made, "new")
    assert world.tables.paid() == {"commit": 2, "fetch": 3, "query": 1}
    recovery.cancel_recovery(world.desk, joined.session)
    assert world.tables.paid() == {"commit": 1, "fetch": 1, "query": 2}


def test_enrolment(world):
    token = enrolment.invite(world.desk, Role.OPERATOR, "Min").removeprefix("/enrol/")
    assert world.tables.paid() == {"commit": 1}
    enrolment.begin_enrolment(world.desk, token)
    assert world.tables.paid() == {"commit": 1, "fetch": 1}


def test_notices(world, person):
    _, joined = person
    messages = list(notices.list_notices(world.desk, joined.session))
    assert messages == []
    assert world.tables.paid() == {"query": 1}
    assert world.deliver() == 2
    assert world.tables.calls.count("commit") == 2
    assert world.tables.calls.count("fetch") == 0
    (notice, _) = notices.list_notices(world.desk, joined.session)
    acknowledged = cost(
        world,
        lambda: notices.acknowledge_notice(world.desk, joined.session, notice.notice_id),
    )
    assert acknowledged == {"commit": 1, "fetch": 1}


def test_no_act_pays_for_an_index(world, person):
    passkey, joined = person
    world.sign_in(passkey)
    sessions.end_other_sessions(world.desk, joined.session)
    assert "find" not in world.tables.calls
