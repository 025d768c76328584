"""Recovery: slow enough to be noticed, told to everybody, and no way around anything."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mydata_hub.accounts import recovery
from mydata_hub.accounts.account import MAX_PASSKEYS, RECOVERY_DELAY, Act
from mydata_hub.accounts.passkeys import begin_add_passkey, finish_add_passkey, remove_passkey
from mydata_hub.accounts.recovery import (
    ALPHABET,
    MAX_TRIES,
    TRIES_WINDOW,
    begin_recovery,
    cancel_recovery,
    finish_recovery,
    issue_recovery_code,
)
from mydata_hub.accounts.sessions import FRESH, read_session
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.errors import (
    AccountRestricted,
    BadInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    StepUpNeeded,
    Taken,
    TooMany,
)
from mydata_hub.ports.tables import Delete, VersionIs

from tests.unit.accounts.conftest import ORIGIN

TICK = timedelta(microseconds=1)
LAW = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def lost(world):
    """A person who has a passkey, a session, and a printed code."""
    passkey, joined = world.join()
    world.code = issue_recovery_code(world.desk, joined.session)
    world.passkey = passkey
    return joined


def made_for(begun, passkey=None):
    return (passkey or SoftwarePasskey.make()).create(begun.options, ORIGIN)


def everything_stored(world):
    """Every byte of the database file and its log."""
    return b"".join(path.read_bytes() for path in sorted(world.folder.glob("hub.sqlite3*")))


def test_a_code_is_six_groups_of_letters_that_are_hard_to_confuse(world, lost):
    assert re.fullmatch(rf"([{ALPHABET}]{{5}}-){{5}}[{ALPHABET}]{{5}}", world.code)
    assert not set("ILOU") & set(world.code)


def test_the_secret_of_a_code_is_nowhere_in_the_store(world, lost):
    stored = everything_stored(world)
    letters = world.code.replace("-", "")
    assert letters[: recovery.ID_LETTERS].encode() in stored
    for start in range(recovery.ID_LETTERS, len(letters) - 8):
        assert letters[start : start + 8].encode() not in stored
    assert world.code.encode() not in stored


def test_a_new_code_replaces_the_one_before(world, lost):
    newer = issue_recovery_code(world.desk, lost.session)
    with pytest.raises(BadInput):
        begin_recovery(world.desk, world.code)
    assert begin_recovery(world.desk, newer)
    assert world.account(lost.session).code.issued_at == world.clock.now()


def test_a_code_is_issued_to_whoever_used_a_passkey_just_now(world, lost):
    world.clock.advance(FRESH)
    with pytest.raises(StepUpNeeded):
        issue_recovery_code(world.desk, lost.session)


@LAW
@given(
    ways=st.lists(
        st.tuples(st.integers(0, 59), st.sampled_from(["", "-", " ", " - "])),
        min_size=30,
        max_size=30,
    )
)
def test_a_code_is_accepted_however_it_is_typed(world, ways):
    _, joined = world.join()
    code = issue_recovery_code(world.desk, joined.session).replace("-", "")
    typed = ""
    for letter, (way, gap) in zip(code, ways, strict=True):
        alike = {"0": "0Oo", "1": "1IiLl"}.get(letter, letter + letter.lower())
        typed += alike[way % len(alike)] + gap
    assert begin_recovery(world.desk, typed).options["user"]["name"] == "지우"


@LAW
@given(place=st.integers(0, 29), further=st.integers(1, 31))
def test_a_code_with_one_wrong_letter_opens_nothing(world, place, further):
    _, joined = world.join()
    code = issue_recovery_code(world.desk, joined.session).replace("-", "")
    letter = ALPHABET[(ALPHABET.index(code[place]) + further) % 32]
    with pytest.raises(BadInput, match="opens no account"):
        begin_recovery(world.desk, code[:place] + letter + code[place + 1 :])


def test_every_code_that_is_not_right_gets_the_same_answer(world, lost):
    letters = world.code.replace("-", "")
    wrong = [letters[:-1] + ("0" if letters[-1] != "0" else "1"), "0" * 30]
    world.recover(world.code)
    answers = set()
    for code in (*wrong, world.code, "", "x", letters * 2, "\ud800" * 30, "가" * 30, "U" * 30):
        with pytest.raises(BadInput) as refused:
            begin_recovery(world.desk, code)
        answers.add(str(refused.value))
    assert answers == {"code: this code opens no account; check it letter by letter"}


def test_tries_are_limited_for_codes_that_exist_and_codes_that_do_not(world, lost):
    letters = world.code.replace("-", "")
    for code in (letters[: recovery.ID_LETTERS] + "0" * 20, "0" * 30):
        for _ in range(MAX_TRIES):
            with pytest.raises(BadInput):
                begin_recovery(world.desk, code)
        with pytest.raises(TooMany):
            begin_recovery(world.desk, code)
    with pytest.raises(TooMany):
        begin_recovery(world.desk, world.code)
    world.clock.advance(TRIES_WINDOW - TICK)
    with pytest.raises(TooMany):
        begin_recovery(world.desk, world.code)
    world.clock.advance(TICK)
    assert begin_recovery(world.desk, world.code)


def test_the_hour_counts_from_the_first_try_so_that_nobody_is_kept_out_for_ever(world, lost):
    for _ in range(MAX_TRIES):
        begin_recovery(world.desk, world.code)
        world.clock.advance(TRIES_WINDOW / MAX_TRIES)
    assert begin_recovery(world.desk, world.code)


def test_tries_side_by_side_are_all_counted(world, lost):
    wrong = world.code.replace("-", "")[: recovery.ID_LETTERS] + "0" * 20

    def guess():
        with pytest.raises(BadInput):
            begin_recovery(world.desk, wrong)

    for _ in range(MAX_TRIES // 2):
        world.tables.before = [guess]
        guess()
    with pytest.raises(TooMany):
        begin_recovery(world.desk, world.code)


def test_a_code_that_leads_to_no_account_opens_nothing(world, lost):
    account = world.account(lost.session)
    begun = begin_recovery(world.desk, world.code)
    key = recovery.Key("accounts", account.account_id, "account")
    world.tables.commit(Delete(key, VersionIs(account.version)))
    with pytest.raises(BadInput):
        begin_recovery(world.desk, world.code)
    with pytest.raises(BadInput):
        finish_recovery(world.desk, begun.ceremony, made_for(begun), "new")


def test_the_new_passkey_opens_the_account_after_72_hours_and_not_before(world, lost):
    new, started = world.recover(world.code)
    assert started.matures_at == world.clock.now() + RECOVERY_DELAY
    assert timedelta(hours=72) == RECOVERY_DELAY
    with pytest.raises(AccountRestricted):
        world.sign_in(new)
    world.clock.advance(RECOVERY_DELAY - TICK)
    with pytest.raises(AccountRestricted):
        world.sign_in(new)
    world.clock.advance(TICK)
    signed_in = world.sign_in(new)
    assert signed_in.account.account_id == lost.account.account_id
    assert signed_in.account.pending_recovery(world.clock.now()) is None


def test_a_code_is_used_once_even_by_two_who_began_at_once(world, lost):
    one, other = begin_recovery(world.desk, world.code), begin_recovery(world.desk, world.code)
    world.tables.before = [
        lambda: None,
        lambda: finish_recovery(world.desk, other.ceremony, made_for(other), "other"),
    ]
    with pytest.raises(BadInput, match="used or replaced"):
        finish_recovery(world.desk, one.ceremony, made_for(one), "one")
    assert [held.name for held in world.passkeys(lost.session)].count("one") == 0


def test_a_recovery_that_was_begun_with_a_replaced_code_does_not_finish(world, lost):
    begun = begin_recovery(world.desk, world.code)
    issue_recovery_code(world.desk, lost.session)
    with pytest.raises(BadInput, match="used or replaced"):
        finish_recovery(world.desk, begun.ceremony, made_for(begun), "new")


def test_a_passkey_that_is_in_use_recovers_nothing(world, lost):
    theirs, _ = world.join()
    begun = begin_recovery(world.desk, world.code)
    with pytest.raises(Taken):
        finish_recovery(world.desk, begun.ceremony, made_for(begun, theirs), "new")


def test_while_a_recovery_runs_nothing_is_widened_exported_or_erased(world, lost):
    began_before = begin_add_passkey(world.desk, lost.session)
    _, started = world.recover(world.code)
    made = made_for(began_before)
    with pytest.raises(AccountRestricted):
        finish_add_passkey(world.desk, lost.session, began_before.ceremony, made, "phone")
    with pytest.raises(AccountRestricted):
        begin_add_passkey(world.desk, lost.session)
    with pytest.raises(AccountRestricted):
        issue_recovery_code(world.desk, lost.session)
    account = world.account(lost.session)
    for act in Act:
        with pytest.raises(AccountRestricted, match=act):
            account.require_unrestricted(act, started.matures_at - TICK)
        account.require_unrestricted(act, started.matures_at)


def test_everything_may_be_done_again_when_the_recovery_is_over(world, lost):
    new, _ = world.recover(world.code)
    world.clock.advance(RECOVERY_DELAY)
    session = world.sign_in(new).session
    world.add(session)
    assert issue_recovery_code(world.desk, session)
    remove_passkey(world.desk, session, lost.session.passkey_id)
    with pytest.raises(NotSignedIn):
        world.sign_in(world.passkey)


def test_an_old_passkey_cancels_and_the_code_stays_burned(world, lost):
    new, _ = world.recover(world.code)
    world.clock.advance(RECOVERY_DELAY - TICK)
    session = world.sign_in(world.passkey).session
    cancel_recovery(world.desk, session)
    world.clock.advance(RECOVERY_DELAY)
    with pytest.raises(NotSignedIn):
        world.sign_in(new)
    with pytest.raises(BadInput):
        begin_recovery(world.desk, world.code)
    assert world.account(session).recovery is None
    assert [held.name for held in world.passkeys(session)] == ["laptop"]
    assert world.add(world.sign_in(world.passkey).session, new)


def test_cancelling_needs_a_passkey_used_just_now_and_a_recovery_that_runs(world, lost):
    with pytest.raises(NotFound):
        cancel_recovery(world.desk, lost.session)
    world.recover(world.code)
    world.clock.advance(FRESH)
    with pytest.raises(StepUpNeeded):
        cancel_recovery(world.desk, lost.session)
    world.clock.advance(RECOVERY_DELAY)
    with pytest.raises(NotFound):
        cancel_recovery(world.desk, world.sign_in(world.passkey).session)


def test_the_pending_passkey_is_cancelled_and_not_removed(world, lost):
    _, started = world.recover(world.code)
    with pytest.raises(AccountRestricted):
        remove_passkey(world.desk, lost.session, started.passkey_id)


def test_a_pending_passkey_does_not_count_as_a_way_in(world, lost):
    world.recover(world.code)
    with pytest.raises(NotAllowed):
        remove_passkey(world.desk, lost.session, lost.session.passkey_id)


def test_a_clock_that_runs_behind_cancels_with_the_sessions_that_were_opened(world, lost):
    new, _ = world.recover(world.code)
    world.clock.advance(RECOVERY_DELAY)
    early = world.sign_in(new)
    world.clock.advance(timedelta(seconds=-2))
    cancel_recovery(world.desk, world.sign_in(world.passkey).session)
    with pytest.raises(NotSignedIn):
        read_session(world.desk, early.token)


def test_every_passkey_is_told_when_a_recovery_starts_and_when_it_is_over(world, lost):
    world.clock.advance(timedelta(minutes=1))
    phone = world.add(lost.session)
    world.deliver()
    world.clock.advance(timedelta(minutes=1))
    new, _ = world.recover(world.code)
    assert world.deliver() == 1
    told = ["recovery_started", "passkey_added"]
    assert world.told(world.sign_in(phone).session) == told
    assert world.told(world.sign_in(world.passkey).session) == [*told, "recovery_code_issued"]
    world.clock.advance(RECOVERY_DELAY)
    assert world.deliver() == 1
    for passkey in (phone, world.passkey):
        assert world.told(world.sign_in(passkey).session)[:2] == [
            "recovery_matured",
            "recovery_started",
        ]
    assert world.told(world.sign_in(new).session) == ["recovery_matured"]


def test_a_cancelled_recovery_never_tells_that_it_matured(world, lost):
    world.clock.advance(timedelta(minutes=1))
    world.recover(world.code)
    world.deliver()
    world.clock.advance(timedelta(minutes=1))
    cancel_recovery(world.desk, lost.session)
    world.clock.advance(RECOVERY_DELAY * 2)
    world.deliver()
    session = world.sign_in(world.passkey).session
    assert world.told(session) == ["recovery_cancelled", "recovery_started", "recovery_code_issued"]


def test_with_ten_passkeys_one_can_still_recover_once(world):
    _, joined = world.join()
    for number in range(MAX_PASSKEYS - 1):
        world.add(joined.session, name=f"key {number}")
    new, _ = world.recover(issue_recovery_code(world.desk, joined.session))
    world.clock.advance(RECOVERY_DELAY)
    session = world.sign_in(new).session
    assert len(world.passkeys(session)) == MAX_PASSKEYS + 1
    with pytest.raises(NotAllowed):
        issue_recovery_code(world.desk, session)
    remove_passkey(world.desk, session, joined.session.passkey_id)
    assert issue_recovery_code(world.desk, session)
