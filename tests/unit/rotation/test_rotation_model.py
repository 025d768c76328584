"""Rotations between collecting, folding, asking and erasing in any order, against a plain model."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from mydata_hub.collection.record import Record
from mydata_hub.embedded.root_key import renew_root_key
from mydata_hub.fields import ClaimRef
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.own_vault.folding import fold_segments
from mydata_hub.own_vault.turning import turn_keys
from mydata_hub.ports.tables import Key
from mydata_hub.release.ledger import Answer, Ledger
from mydata_hub.release.ledger_rows import encode_answers
from mydata_hub.rotation.job import Kind
from mydata_hub.rotation.sealing_anew import seal_anew
from mydata_hub.vault.erased_parts import Scope
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.accounts.conftest import memory_folder
from tests.unit.own_vault.own_world import ME, monthly
from tests.unit.rotation.rotation_world import RotationWorld


def left_of(records: Counter[bytes], behind: datetime) -> Counter[bytes]:
    kept = Counter(records)
    for one in records:
        if Record.decode(one).occurred_at < behind:
            del kept[one]
    return kept


class Rotations(RuleBasedStateMachine):
    """Whatever is collected, folded, asked and rotated in whatever order: the records are these."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = memory_folder()
        self.world = RotationWorld(Path(self._folder.__enter__()) / "hub")
        self.world.make(ME)
        self.model: Counter[bytes] = Counter()
        self.waiting: list[tuple[str, Counter[bytes]]] = []
        self.answers: dict[Key, bytes] = {}
        self.number = 0

    @rule(months=st.integers(1, 3))
    def collect(self, months):
        self.number += 1
        records = monthly(f"payee-{self.number}", months=months)
        # Under the keys of today, what was erased before is collected anew by nobody but this test.
        segment = self.world.collected(*records)
        self.waiting.append((segment.segment_id, Counter(one.encode() for one in records)))

    @rule(count=st.integers(1, 4))
    def fold(self, count):
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        done = fold_segments(self.world.room, ME, [name for name, _ in taken])
        assert done.refused == {}
        for _, records in taken:
            self.model += records

    @rule()
    def ask(self):
        self.number += 1
        told = {ClaimRef(f"c{self.number}@1"): Answer(symbol="yes", period="2026")}
        content = encode_answers(Ledger(answers=told))
        self.answers[self.world.tell_partner(content, f"group#{self.number}")] = content

    @rule(kind=st.sampled_from(Kind))
    def rotate(self, kind):
        if kind is Kind.WRAP:
            renew_root_key(self.world.folder)
        assert self.world.rotate(kind).failed == 0
        if kind is Kind.SEAL:
            for _, records in self.waiting:
                self.model += records
            self.waiting = []
            assert len(self.world.key_versions()) == 1

    @rule(months=st.integers(0, 2))
    def erase_days(self, months):
        """Erase the first months of all there is; what waits loses its share too."""
        behind = datetime(2025, 7 + months, 27, tzinfo=UTC)
        self.number += 1
        turn_keys(
            self.world.room,
            self.world.keys,
            ME,
            f"part-{self.number}",
            Scope(since=datetime(2025, 1, 1, tzinfo=UTC), until=behind),
        )
        self.model = left_of(self.model, behind)
        self.waiting = [(name, left_of(records, behind)) for name, records in self.waiting]
        until = self.world.clock.now() + timedelta(hours=1)
        assert seal_anew(self.world.resealer(), ME, until).done
        for _, records in self.waiting:
            self.model += records
        self.waiting = []
        assert len(self.world.key_versions()) == 1

    @rule()
    def new_process(self):
        world = self.world
        world.vault_keys = VaultKeys(world.tables, world.keys, world.clock)
        world.room = replace(world.room, keys=world.vault_keys)

    @invariant()
    def records_are_the_models(self):
        assert self.world.held() == self.model
        folded = [Record.decode(one) for one in self.model]
        assert self.world.profile().folds["payments"].state == PAYMENTS.fold(
            PAYMENTS.empty(), folded
        )
        assert (
            self.world.profile().manifest_version == self.world.vault(ME).values["manifest_version"]
        )
        for key, content in self.answers.items():
            assert self.world.told(key) == content

    def teardown(self):
        self.world.tables.close()
        self._folder.__exit__(None, None, None)


def test_after_any_sequence_the_records_of_a_vault_are_those_of_the_model():
    run_state_machine_as_test(
        Rotations, settings=settings(max_examples=8, stateful_step_count=12, deadline=None)
    )
