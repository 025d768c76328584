"""What the gate keeps of an answer: sealed, in its own row, and damage where it does not open."""

from __future__ import annotations

import pytest
from mydata_hub.errors import Damaged
from mydata_hub.ports.tables import Key, Put, VersionIs
from mydata_hub.release.ledger_rows import ledger_key, total_key
from mydata_hub.release.question import Question

from tests.unit.release.gate_readings import total
from tests.unit.release.world import TIME


def test_keys_of_a_vault_that_do_not_open_are_damage_and_no_answer(asked):
    asked.vault("vault-2")

    own, other = Key("keys", "vault-1"), Key("keys", "vault-2")
    rows = asked.store.fetch_many(own, other)
    swapped = Put(key=own, values=rows[other].values, when=VersionIs(rows[own].version))
    asked.store.commit(swapped)
    with pytest.raises(Damaged):
        asked.ask(asked.grant)


@pytest.mark.parametrize(
    ("key", "name"),
    [(ledger_key("vault-1", "rentals"), "answers"), (None, "response")],
)
def test_a_kept_answer_that_does_not_open_is_damage_and_no_second_answer(asked, key, name):
    asked.ask(asked.grant, key="one")
    key = key or Question(claims=(), idempotency_key="one").key("bicycles")
    row = asked.store.fetch_many(key)[key]
    for kept in (row.values[name][:-1] + bytes([row.values[name][-1] ^ 1]), None):
        present = asked.store.fetch_many(key)[key]
        values = {**present.values, name: kept}
        expires_at = present.expires_at
        asked.store.commit(
            Put(key=key, values=values, when=VersionIs(present.version), expires_at=expires_at)
        )
        if kept is None and name == "answers":
            continue  # as before the first answer
        with pytest.raises(Damaged):
            asked.ask(asked.grant, key="one")
    assert total(asked) == 15850


def test_kept_answers_do_not_open_in_the_row_of_another_group(asked):
    other = asked.client("trains", "railways")
    grant, _ = asked.consent(other)
    asked.ask(asked.grant)
    asked.ask(grant, client=other)
    keys = [ledger_key("vault-1", group) for group in ("rentals", "railways")]
    rows = asked.store.fetch_many(*keys)
    moved = {**rows[keys[1]].values, "answers": rows[keys[0]].values["answers"]}
    asked.store.commit(Put(key=keys[1], values=moved, when=VersionIs(rows[keys[1]].version)))
    with pytest.raises(Damaged):
        asked.ask(grant, client=other)


def test_no_symbol_and_no_bit_of_an_answer_lies_in_clear(asked):
    asked.ask(asked.grant, TIME, key="one")
    keys = [ledger_key("vault-1", "rentals"), total_key("vault-1")]
    keys.append(Question(claims=(), idempotency_key="one").key("bicycles"))
    rows = asked.store.fetch_many(*keys)
    assert len(rows) == 3
    assert "7_to_9" not in repr(rows)
    event = asked.released(asked.grant.subject)[0]
    assert "7_to_9" not in repr(asked.store.fetch_many(Key("events", event.event_id)))
