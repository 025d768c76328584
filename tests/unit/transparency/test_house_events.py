"""What the hub and its staff do is in the log: once each, in the commit that does it."""

from __future__ import annotations

import json

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.enrolment import invite
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import Busy, Conflict
from mydata_hub.ports.clock import CountingEntropy, SetClock
from mydata_hub.transparency import events
from mydata_hub.transparency.house import staff_name
from mydata_hub.transparency.in_force import (
    CATALOGUE,
    CATALOGUE_CHANGED,
    KEY_CHANGED,
    POLICIES,
    POLICY_CHANGED,
    InForce,
    signing_keys,
)

from tests.faults.sequencer_world import START
from tests.unit.transparency.conftest import load
from tests.unit.transparency.growing_log import SeededSigner
from tests.unit.web.conftest import Browser, Hub

NAMES = {name: name for name in ("events", "in_force", "log")}


class House:
    """Tables, and what lies open in the events that wait for the log."""

    def __init__(self, tables):
        self.tables, self.clock, self.entropy = tables, SetClock(START), CountingEntropy()

    def told(self, kind=None):
        rows = [
            self.tables.fetch_many(key)[key]
            for shard in range(events.SHARDS)
            for key in self.tables.find_keys("events", "pending", f"{shard:02d}").keys
        ]
        payloads = [json.loads(row.values["audit"]) for row in rows]
        return [one for one in payloads if kind in (None, one["class"])]

    def runs_with(self, **things):
        return InForce(self.tables, self.clock, self.entropy, lambda: things)


@pytest.fixture
def house(tmp_path):
    return House(SqliteTables(tmp_path, NAMES, SetClock(START)))


def test_what_is_in_force_is_told_once_and_again_when_it_changes_and_when_it_changes_back(house):
    for value in ("a" * 64, "a" * 64, "b" * 64, "a" * 64):
        for _ in range(2):
            house.runs_with(**{POLICIES: value, CATALOGUE: "c" * 64}).note()
    policies = house.told(POLICY_CHANGED)
    assert sorted(one["policy_hash"][0] for one in policies) == ["a", "a", "b"]
    assert all(one["hash"] == one["policy_hash"] for one in policies)
    assert [one["thing"] for one in house.told(CATALOGUE_CHANGED)] == ["catalogue"]


def test_a_new_signing_key_is_told_by_what_it_signs_and_by_its_hash(house):
    for seed in (1, 1, 2):
        keys = {"answer": SeededSigner(seed), "token": SeededSigner(3)}
        signing_keys(house.tables, house.clock, house.entropy, **keys).note()
    told = house.told(KEY_CHANGED)
    assert sorted(one["thing"] for one in told) == ["key.answer", "key.answer", "key.token"]
    assert len({one["hash"] for one in told}) == 3


def test_of_two_that_begin_with_the_same_new_policies_one_tells_it(house):
    class Slow:
        """Reads, and lets the other one go first."""

        def __init__(self, tables):
            self.tables, self.first = tables, True

        def fetch_many(self, *keys):
            rows = self.tables.fetch_many(*keys)
            if self.first:
                self.first = False
                house.runs_with(policies="a" * 64).note()
            return rows

        def commit(self, *changes):
            self.tables.commit(*changes)

    slow = InForce(Slow(house.tables), house.clock, house.entropy, lambda: {"policies": "a" * 64})
    slow.note()
    assert len(house.told(POLICY_CHANGED)) == 1


def test_what_could_not_be_told_is_not_used_and_is_told_the_next_time(house):
    class Refusing:
        fetch_many = house.tables.fetch_many
        tries = 0

        def commit(self, *changes):
            Refusing.tries += 1
            raise Busy("not now") if Refusing.tries == 1 else Conflict(0, "in_force")

    used = []
    runs = InForce(Refusing(), house.clock, house.entropy, lambda: {"policies": "a" * 64})
    handler = runs.first(lambda event, _context: used.append(event))
    for _ in range(2):
        with pytest.raises(Busy):
            handler({}, None)
    assert used == []
    assert Refusing.tries > 2


def test_another_key_of_the_log_is_told_in_the_commit_of_its_first_checkpoint(log_hub):
    log_hub.write(0, 3)
    log_hub.sequence()
    log_hub.write(3, 1)
    another = load("sequence_log").build({**log_hub.environment, "CHECKPOINT_KEY": "another"})
    sizes = [another({"Records": []}, None)["size"] for _ in range(3)]
    assert sizes[-1] == 5  # the event, and that another key signed it


@pytest.fixture
def staffed(tmp_path):
    hub = Hub(tmp_path / "hub")
    return hub, House(hub.desk.tables)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR])
def test_staff_are_invited_and_come_in_under_a_name_that_is_not_theirs(staffed, role):
    hub, house = staffed
    dana = Browser(hub)
    assert dana.enrol(role).status == 201
    assert [one["thing"] for one in house.told(f"{role}_invited")] == [role]
    account = dana.state()["account_id"]
    assert [one["staff"] for one in house.told("account_opened")] == [staff_name(account)]
    for _ in range(2):
        assert dana.sign_in().status == 200
    assert [one["staff"] for one in house.told(f"{role}_signed_in")] == [staff_name(account)] * 2
    assert account not in json.dumps(house.told())


def test_people_come_and_go_without_an_entry_for_it(staffed):
    hub, house = staffed
    jiu = Browser(hub)
    jiu.sign_up()
    jiu.sign_in()
    invite(hub.desk, Role.PERSON, "Hana", "en")
    assert [one["class"] for one in house.told()] == ["account_opened"]
    assert "staff" not in house.told()[0]
