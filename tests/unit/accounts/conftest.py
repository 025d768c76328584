"""A hub of one's own for every test of accounts: real tables in a fresh folder, a clock that
stands, and passkeys that sign."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from mydata_hub.accounts import ceremonies, notices, passkeys, recovery
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.store import fetch_account, list_passkeys
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.ports.clock import SetClock, SystemEntropy
from mydata_hub.ports.messages import due_messages

ORIGIN = "http://localhost:8787"
LOGICAL = ("accounts", "sessions", "notices", "outbox", "events")


class Watched:
    """Tables that count the calls one pays for, and let something happen just before a commit."""

    def __init__(self, tables):
        self.tables = tables
        self.calls = []
        self.before = []

    def fetch_many(self, *keys):
        self.calls.append("fetch")
        return self.tables.fetch_many(*keys)

    def query(self, *place, **options):
        self.calls.append("query")
        return self.tables.query(*place, **options)

    def find_keys(self, *place, **options):
        self.calls.append("find")
        return self.tables.find_keys(*place, **options)

    def commit(self, *changes):
        self.calls.append("commit")
        if self.before:
            self.before.pop(0)()
        self.tables.commit(*changes)

    def paid(self):
        paid = {call: self.calls.count(call) for call in sorted(set(self.calls))}
        self.calls.clear()
        return paid


class World:
    """A hub and what people do with it."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = SetClock(datetime(2026, 11, 24, 9, tzinfo=UTC))
        names = {name: f"{name.title()}Table" for name in LOGICAL}
        self.tables = Watched(SqliteTables(folder, names, self.clock))
        self.desk = self.a_desk()

    def a_desk(self, **settings):
        return Desk(
            **{
                "tables": self.tables,
                "clock": self.clock,
                "entropy": SystemEntropy(),
                "issuer": ORIGIN,
                "software_passkeys": True,
            }
            | settings
        )

    def join(self, passkey=None, name="지우"):
        """A person with one passkey: gives the passkey and the signed-in answer."""
        passkey = passkey or SoftwarePasskey.make()
        begun = ceremonies.begin_sign_up(self.desk, name, "ko")
        made = passkey.create(begun.options, ORIGIN)
        return passkey, ceremonies.finish_sign_up(self.desk, begun.ceremony, made, "laptop")

    def sign_in(self, passkey):
        begun = ceremonies.begin_sign_in(self.desk)
        said = passkey.get(begun.options, ORIGIN)
        return ceremonies.finish_sign_in(self.desk, begun.ceremony, said)

    def add(self, session, passkey=None, name="phone"):
        passkey = passkey or SoftwarePasskey.make()
        begun = passkeys.begin_add_passkey(self.desk, session)
        made = passkey.create(begun.options, ORIGIN)
        passkeys.finish_add_passkey(self.desk, session, begun.ceremony, made, name)
        return passkey

    def recover(self, code, passkey=None):
        """Start a recovery: gives the new passkey and the recovery."""
        passkey = passkey or SoftwarePasskey.make()
        begun = recovery.begin_recovery(self.desk, code)
        made = passkey.create(begun.options, ORIGIN)
        return passkey, recovery.finish_recovery(self.desk, begun.ceremony, made, "new")

    def account(self, session):
        return fetch_account(self.tables, session.account_id)

    def passkeys(self, session):
        return list_passkeys(self.tables, session.account_id)

    def deliver(self):
        """Deliver what is due; gives how many messages that settled."""
        now = self.clock.now()
        told = partial(notices.deliver_notices, self.tables, now=now)
        due = [one for one in due_messages(self.tables, now) if one.topic == notices.TOPIC]
        return sum(map(told, due))

    def told(self, session):
        """The kinds of the notices that the session's passkey has, newest first."""
        return [notice.kind for notice in notices.list_notices(self.desk, session)]


def memory_folder():
    """A folder in memory where the system has one: what is tested here is not the disk."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)


@pytest.fixture
def world():
    with memory_folder() as folder:
        world = World(Path(folder))
        yield world
        world.tables.tables.close()


@pytest.fixture
def desk(world):
    return world.desk
