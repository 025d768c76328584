"""Sessions: believed for as long as they are used, and not a moment after they are ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mydata_hub.accounts import sessions
from mydata_hub.accounts.passkeys import remove_passkey
from mydata_hub.accounts.sessions import (
    ABSOLUTE,
    FRESH,
    IDLE,
    MAX_SESSIONS,
    SLIDE,
    check_csrf,
    end_other_sessions,
    end_session,
    own_account,
    read_session,
    require_fresh,
)
from mydata_hub.errors import Busy, Conflict, Damaged, NotAllowed, NotSignedIn, StepUpNeeded
from mydata_hub.ports.tables import Key, Put, VersionIs

TICK = timedelta(microseconds=1)


def is_live(world, token):
    try:
        read_session(world.desk, token)
    except NotSignedIn:
        return False
    return True


def rows(world, account_id):
    return world.tables.tables.query("sessions", account_id).rows


def test_a_session_is_whose_passkey_opened_it(world):
    _, joined = world.join()
    session = read_session(world.desk, joined.token)
    assert session == joined.session
    assert session.account_id == joined.account.account_id
    assert session.role == "person"
    assert session.passkey_id == world.passkeys(session)[0].passkey_id


def test_the_store_holds_no_token_that_could_be_used(world):
    _, joined = world.join()
    (row,) = rows(world, joined.account.account_id)
    kept = repr(row)
    assert joined.token not in kept
    assert joined.token.partition(".")[2] not in kept


@pytest.mark.parametrize(
    "token", ["", "x", "a" * 32, "a" * 32 + "." + "b" * 43, "\ud800", "f" * 5000]
)
def test_a_token_that_was_never_given_out_is_nobody(desk, token):
    with pytest.raises(NotSignedIn):
        read_session(desk, token)
    end_session(desk, token)


def test_an_idle_session_ends_after_fifteen_minutes(world):
    _, joined = world.join()
    world.clock.advance(IDLE - TICK)
    assert is_live(world, joined.token)
    world.clock.advance(IDLE)
    assert not is_live(world, joined.token)


def test_a_busy_session_ends_after_twelve_hours(world):
    _, joined = world.join()
    for _ in range(int(ABSOLUTE / timedelta(minutes=10)) - 1):
        world.clock.advance(timedelta(minutes=10))
        assert is_live(world, joined.token)
    world.clock.advance(timedelta(minutes=10) - TICK)
    assert is_live(world, joined.token)
    world.clock.advance(TICK)
    assert not is_live(world, joined.token)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(gaps=st.lists(st.integers(0, 20 * 60), max_size=60))
def test_however_it_is_used_a_session_keeps_its_limits_and_is_written_once_a_minute(world, gaps):
    _, joined = world.join()
    begun_at, alive, writes = world.clock.now(), True, 0
    for gap_s in gaps:
        world.clock.advance(timedelta(seconds=gap_s))
        before = world.tables.calls.count("commit")
        live = is_live(world, joined.token)
        writes += world.tables.calls.count("commit") - before
        age = world.clock.now() - begun_at
        if gap_s >= IDLE.total_seconds() or age >= ABSOLUTE:
            alive = False
        assert not (live and not alive)
        if gap_s > (IDLE - SLIDE).total_seconds():
            alive = live  # between fourteen and fifteen minutes either is right
        assert live == alive
        assert writes <= age / SLIDE


def test_a_clock_that_steps_back_shortens_no_session(world):
    _, joined = world.join()
    world.clock.advance(timedelta(minutes=10))
    read_session(world.desk, joined.token)
    world.clock.advance(timedelta(minutes=-5))
    read_session(world.desk, joined.token)
    world.clock.advance(timedelta(minutes=19))
    assert is_live(world, joined.token)


@pytest.mark.parametrize("fault", [Conflict(0, "sessions"), Busy("")])
def test_a_slide_that_fails_does_not_fail_the_request(world, fault):
    def fail():
        raise fault

    _, joined = world.join()
    world.clock.advance(timedelta(minutes=2))
    world.tables.before = [fail]
    assert read_session(world.desk, joined.token).account_id == joined.account.account_id
    assert world.tables.before == []


def test_signing_out_ends_this_session_and_no_other(world):
    passkey, joined = world.join()
    other = world.sign_in(passkey)
    end_session(world.desk, joined.token)
    assert not is_live(world, joined.token)
    assert is_live(world, other.token)
    end_session(world.desk, joined.token)


def test_signing_out_everywhere_else_leaves_this_session(world):
    passkey, joined = world.join()
    others = [world.sign_in(passkey) for _ in range(3)]
    end_other_sessions(world.desk, joined.session)
    assert is_live(world, joined.token)
    assert not any(is_live(world, other.token) for other in others)


def test_a_session_that_slides_meanwhile_ends_all_the_same(world):
    passkey, joined = world.join()
    other = world.sign_in(passkey)
    world.clock.advance(timedelta(minutes=2))
    world.tables.before = [lambda: read_session(world.desk, other.token)]
    end_other_sessions(world.desk, joined.session)
    assert not is_live(world, other.token)


def test_sessions_that_nobody_can_end_are_told(world):
    def conflict():
        raise Conflict(0, "sessions")

    _, joined = world.join()
    world.tables.before = [conflict] * 5
    with pytest.raises(Busy):
        end_session(world.desk, joined.token)


def test_an_account_has_at_most_twenty_sessions_and_the_oldest_go_first(world):
    passkey, joined = world.join()
    opened = [joined]
    for _ in range(MAX_SESSIONS + 4):
        world.clock.advance(timedelta(seconds=1))
        opened.append(world.sign_in(passkey))
    live = [is_live(world, one.token) for one in opened]
    assert live == [False] * 5 + [True] * MAX_SESSIONS


def test_a_session_is_fresh_for_five_minutes_however_busy(world):
    _, joined = world.join()
    require_fresh(joined.session, world.clock.now() + FRESH - TICK)
    with pytest.raises(StepUpNeeded):
        require_fresh(joined.session, world.clock.now() + FRESH)
    world.clock.advance(FRESH)
    with pytest.raises(StepUpNeeded):
        require_fresh(read_session(world.desk, joined.token), world.clock.now())


def test_only_the_sessions_own_page_may_post(world):
    passkey, joined = world.join()
    check_csrf(joined.session, joined.session.csrf)
    for given_token in (
        "",
        joined.session.csrf[:-1],
        world.sign_in(passkey).session.csrf,
        "\ud800",
    ):
        with pytest.raises(NotAllowed):
            check_csrf(joined.session, given_token)


def test_a_session_read_before_its_passkey_went_can_do_nothing_after(world):
    _, joined = world.join()
    stolen = world.add(joined.session)
    thief = world.sign_in(stolen)
    remove_passkey(world.desk, joined.session, thief.session.passkey_id)
    with pytest.raises(NotSignedIn):
        own_account(world.desk, thief.session)


@pytest.mark.parametrize(
    "values", [{}, {"role": "king"}, {"authenticated_at": "soon"}, {"seen_at": None}]
)
def test_a_session_row_that_is_none_is_damaged(world, values):
    _, joined = world.join()
    (row,) = rows(world, joined.account.account_id)
    spoilt = {**row.values, **values} if values else {}
    world.tables.commit(Put(key=row.key, values=spoilt, when=VersionIs(row.version)))
    with pytest.raises(Damaged):
        read_session(world.desk, joined.token)


def test_sessions_of_two_accounts_do_not_meet(world):
    _, one = world.join()
    _, other = world.join()
    end_other_sessions(world.desk, one.session)
    assert is_live(world, other.token)
    stray = sessions.put_session(other.session).key
    assert stray == Key("sessions", other.account.account_id, other.session.session_id)
