"""Reconciliation: what left the gate and what stands in the log are the same, one to one."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from mydata_hub.embedded.conditions import conditions_of, holds
from mydata_hub.embedded.row_scan import rows_of_table
from mydata_hub.errors import Busy, Conflict, NotReleased, OAuthRefused, OutcomeUnknown
from mydata_hub.ports.tables import Delete, Key, VersionIs
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.transparency.events import record
from mydata_hub.transparency.fsck import check_log
from mydata_hub.transparency.openings import OpeningFiles
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.transparency.sequencer import Log, sequence
from mydata_hub.vault.key_rows import Purpose
from mydata_hub.vault.vault_keys import VaultKeys

from tests.faults.sequencer_world import Faults, MemoryBlobs, MemorySigner, MemoryTables, an_event
from tests.modes import times
from tests.unit.accounts.conftest import memory_folder
from tests.unit.consent.world import LOGICAL
from tests.unit.release.world import MORE, OFFERS, Hub, Ports, regular_life

CALLS = times(2_000, long=10_000)
PARTS = 4
PEOPLE = 8
REFUSED = "claims_refused"
NOT_GRANTED = "insurance.car_cover@1"


class StrictTables(MemoryTables):
    """Tables in a dictionary that judge every condition as the engines do."""

    def _holds(self, key, condition):
        return holds(condition, self.rows.get(key))

    def _apply(self, changes):
        for position, change in enumerate(changes):
            row = self.rows.get(change.key)
            if not all(holds(one, row) for one in conditions_of(change)):
                raise Conflict(position, change.key.table)
        super()._apply(changes)


class Desk:
    """The release gate before many partners' calls; keeps what each call came to."""

    def __init__(self, folder, seed):
        self.random = Random(seed)
        self.hub = hub = Hub(folder)
        self.people = []
        for number in range(PEOPLE):
            vault = hub.vault(f"vault-{number}", regular_life())
            grant, _ = hub.consent()
            self.people.append((grant, vault, []))
        self.store = StrictTables(Faults(), Random(0))
        for name in (*LOGICAL, *MORE):
            for _, row in rows_of_table(folder / "all", f"{name.title()}Table"):
                key = Key(name, row.key.partition, row.key.sort)
                self.store.rows[key] = replace(row, key=key)
        self.before = {key for key in self.store.rows if key.table == "events"}
        # What happened before is not of the gate: it is in another log than this one.
        for key in self.before:
            del self.store.rows[key]
        hub.tables = Ports(self.store)
        hub.tables.commit = self.disturb
        keys = VaultKeys(hub.tables, hub.kms, hub.clock, purposes=frozenset({Purpose.PROFILE}))
        hub.gate = replace(hub.gate, tables=hub.tables, vault_keys=keys)
        self.answers = {}  # event id -> (class, bits) as the partner was told
        self.came_to = Counter()
        self.disturbed = Counter()

    def disturb(self, *changes):
        """Now and then somebody else was first, the store is busy, or an answer of it is lost."""
        chance = self.random.random()
        tables = [change.key.table for change in changes]
        if chance < 0.05 and "ledger" in tables:
            self.disturbed["conflict"] += 1
            raise Conflict(tables.index("ledger"), "ledger")
        if chance < 0.06:
            self.disturbed["busy"] += 1
            raise Busy("throttled")
        if chance < 0.07:
            self.disturbed["lost before"] += 1
            raise OutcomeUnknown("the answer was lost before it was made")
        self.store.commit(*changes)
        if chance < 0.09:
            self.disturbed["lost after"] += 1
            raise OutcomeUnknown("the answer was lost after it was made")

    def call(self):
        grant, vault, asked = self.random.choice(self.people)
        kind = self.random.choices(
            ("new", "again", "other question", "not granted", "anew", "replayed proof"),
            (60, 20, 4, 6, 4, 6),
        )[0]
        claims = tuple(self.random.sample(OFFERS, self.random.randrange(1, 3)))
        how = {"vault": vault}
        match kind:
            case "again" | "other question" if asked:
                how["key"], before = self.random.choice(asked)
                claims = before if kind == "again" else (*before[:1], NOT_GRANTED)
            case "not granted":
                claims = (NOT_GRANTED,)
            case "anew":
                how["anew"] = True
            case "replayed proof":
                how["proof"] = "proof-1"
        try:
            answered = self.hub.ask(grant, *claims, **how)
        except (NotReleased, OAuthRefused, Busy, OutcomeUnknown) as error:
            self.came_to[type(error).__name__] += 1
            return
        # A repetition gives the very same bytes, price included, and is charged nothing.
        told = "claims_repeated" if answered.repeated else "claims_answered"
        bits = "0.0000" if answered.repeated else json.loads(answered.body)["bits"]
        assert answered.event_id not in self.answers
        self.answers[answered.event_id] = (told, bits)
        self.came_to[told] += 1
        if "anew" not in how and "key" not in how:
            asked.append((f"key-{self.hub.proofs - 1}", claims))

    def sequenced(self):
        """The events of the log, by their ids; the product's own check finds it whole."""
        blobs, openings = MemoryBlobs(Faults()), MemoryBlobs(Faults())
        log = Log(
            tables=self.store,
            blobs=blobs,
            openings=openings,
            signer=MemorySigner(),
            clock=self.hub.clock,
            entropy=self.hub.desk.entropy,
            origin="hub.example/log",
        )
        self.store.catch_up()
        while sequence(log).entries:
            self.store.catch_up()
        published = PublishedLog(self.store, blobs, self.hub.clock)
        rows = {key.partition: row for key, row in self.store.rows.items() if key.table == "events"}
        key = VerifierKey.parse(published.key())
        found = check_log(
            published, lambda: list(rows.items()), {key.public}, OpeningFiles(openings)
        )
        assert found.problems == []
        return rows


def kind_of(row):
    return json.loads(row.values["audit"])["class"]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_answer_has_one_entry_and_every_entry_one_answer(part):
    with memory_folder() as folder:
        desk = Desk(Path(folder), part)
        for _ in range(CALLS // PARTS):
            desk.call()
        logged = desk.sequenced()
        assert sorted(row.values["index"] for row in logged.values()) == list(range(len(logged)))
        entries = {
            event_id: (kind_of(row), json.loads(row.values["audit"])["bits"])
            for event_id, row in logged.items()
            if kind_of(row) != REFUSED
        }
        assert entries == desk.answers
        refused = sum(kind_of(row) == REFUSED for row in logged.values())
        assert refused == desk.came_to["NotReleased"]
        assert sum(desk.came_to.values()) == CALLS // PARTS
        # The run had some of everything in it.
        assert set(desk.disturbed) == {"conflict", "busy", "lost before", "lost after"}
        wanted = {"claims_answered", "claims_repeated", "NotReleased", "OAuthRefused"}
        assert wanted <= set(desk.came_to)


def test_an_answer_without_an_entry_and_an_entry_without_an_answer_are_seen():
    with memory_folder() as folder:
        desk = Desk(Path(folder), 1)
        while len(desk.answers) < 2:
            desk.call()
        missing = next(iter(desk.answers))
        desk.store.commit(Delete(Key("events", missing), VersionIs(1)))
        planted = an_event(7)
        desk.store.commit(record(planted, desk.hub.desk.entropy))
        logged = {name for name, row in desk.sequenced().items() if kind_of(row) != REFUSED}
        assert logged ^ desk.answers.keys() == {missing, planted.event_id}
