"""Whatever people do with an account in whatever order, what must always hold holds."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from fido2.utils import websafe_encode
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from mydata_hub.accounts.account import MAX_PASSKEYS, RECOVERY_DELAY, usable_passkeys
from mydata_hub.accounts.passkeys import remove_passkey
from mydata_hub.accounts.recovery import cancel_recovery, issue_recovery_code
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.errors import AccountRestricted, NotAllowed, NotFound, NotSignedIn, Refusal
from mydata_hub.ports.messages import due_messages

from tests.unit.accounts.conftest import World, memory_folder

SPANS = [timedelta(minutes=1), timedelta(minutes=20), timedelta(hours=40), RECOVERY_DELAY]


def id_of(passkey):
    return websafe_encode(passkey.credential_id)


class Life(RuleBasedStateMachine):
    """One account, every passkey it ever had, and a clock."""

    def __init__(self):
        super().__init__()
        self.folder = memory_folder()
        self.world = World(Path(self.folder.name))
        first, joined = self.world.join()
        self.ever = [first]
        self.me = joined.session
        self.codes = ["0" * 30]

    def teardown(self):
        self.world.tables.tables.close()
        self.folder.cleanup()

    def holder(self, which):
        return self.ever[which % len(self.ever)]

    def session(self, which):
        """A fresh session of some passkey, if it opens the account."""
        kept = {one.passkey_id: one for one in self.world.passkeys(self.me)}
        passkey = self.holder(which)
        held = kept.get(id_of(passkey))
        opens = held is not None and held.usable_from <= self.world.clock.now()
        try:
            signed_in = self.world.sign_in(passkey)
        except (NotSignedIn, AccountRestricted):
            assert not opens
            return None
        assert opens
        return signed_in.session

    @rule(which=st.integers(0, 30))
    def sign_in(self, which):
        self.session(which)

    @rule(which=st.integers(0, 30))
    def add(self, which):
        session = self.session(which)
        if session:
            new = SoftwarePasskey.make()
            with suppress(AccountRestricted, NotAllowed):
                self.world.add(session, new)
                self.ever.append(new)

    @rule(which=st.integers(0, 30), other=st.integers(0, 30))
    def remove(self, which, other):
        session = self.session(which)
        if session:
            with suppress(AccountRestricted, NotAllowed, NotFound):
                remove_passkey(self.world.desk, session, id_of(self.holder(other)))

    @rule(which=st.integers(0, 30))
    def print_code(self, which):
        session = self.session(which)
        if session:
            with suppress(AccountRestricted, NotAllowed):
                self.codes.append(issue_recovery_code(self.world.desk, session))

    @rule(which=st.integers(0, 2))
    def recover(self, which):
        new = SoftwarePasskey.make()
        with suppress(Refusal):
            self.world.recover(self.codes[-1 - which % len(self.codes)], new)
            self.ever.append(new)

    @rule(which=st.integers(0, 30))
    def cancel(self, which):
        session = self.session(which)
        if session:
            with suppress(NotFound):
                cancel_recovery(self.world.desk, session)

    @rule(span=st.sampled_from(SPANS))
    def wait(self, span):
        self.world.clock.advance(span)

    @rule()
    def deliver(self):
        self.world.deliver()

    @invariant()
    def somebody_can_get_in(self):
        assert usable_passkeys(self.world.passkeys(self.me), self.world.clock.now())

    @invariant()
    def nothing_grows_without_end(self):
        assert len(self.world.passkeys(self.me)) <= MAX_PASSKEYS + 1
        assert len(self.world.tables.query("sessions", self.me.account_id).rows) <= 20

    @invariant()
    def what_is_pending_is_one_recovery(self):
        account, now = self.world.account(self.me), self.world.clock.now()
        pending = {one.passkey_id for one in self.world.passkeys(self.me) if one.usable_from > now}
        running = account.pending_recovery(now)
        assert pending == ({running.passkey_id} if running else set())
        assert not (running and account.code)

    @invariant()
    def every_session_is_of_a_passkey_that_opens_the_account(self):
        usable = usable_passkeys(self.world.passkeys(self.me), self.world.clock.now())
        kept = {one.passkey_id for one in usable}
        rows = self.world.tables.query("sessions", self.me.account_id).rows
        assert {row.values["passkey_id"] for row in rows} <= kept

    @invariant()
    def every_version_of_the_account_is_named_by_one_event(self):
        keys = self.world.tables.find_keys("events", "subject", self.me.account_id).keys
        rows = self.world.tables.fetch_many(*keys) if keys else {}
        named = sorted(json.loads(row.values["personal"])["row_version"] for row in rows.values())
        assert named == list(range(1, self.world.account(self.me).version + 1))

    @invariant()
    def a_recovery_that_does_not_run_will_not_be_told(self):
        now = self.world.clock.now()
        far = now + RECOVERY_DELAY * 2
        waiting = [one for one in due_messages(self.world.tables, far) if one.due_at > now]
        running = self.world.account(self.me).pending_recovery(now)
        assert [one.message_id for one in waiting] == ([running.recovery_id] if running else [])


Life.TestCase.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
TestLife = Life.TestCase
