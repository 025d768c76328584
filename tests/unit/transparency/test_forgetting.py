"""What an erased person leaves of their events: enough for every proof, and nothing that names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import Busy, Conflict
from mydata_hub.ports.clock import SetClock, SystemEntropy
from mydata_hub.ports.tables import Key
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import leaf_of, mark_sequenced, pending_events, record
from mydata_hub.transparency.forgetting import AT_ONCE, forget_subject
from mydata_hub.transparency.leaf import AUDIT_DOMAIN, Opening

from tests.unit.accounts.conftest import memory_folder

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
EVENT = Event(
    event_id="event-1",
    kind="passkey_added",
    subject="jiu",
    actor="jiu",
    occurred_at=NOW,
    row=Key("accounts", "jiu", "account"),
    row_version=2,
    payload=b"what only the person may read",
)


@pytest.fixture
def tables():
    with memory_folder() as folder:
        made = SqliteTables(Path(folder), {"events": "Events"}, SetClock(NOW))
        yield made
        made.close()


def recorded(tables, count=1, subject="jiu"):
    """Events of a person; their names."""
    names = [f"{subject}-{number}" for number in range(count)]
    for name in names:
        event = replace(EVENT, event_id=name, subject=subject)
        tables.commit(record(event, SystemEntropy()))
    return names


def row(tables, name):
    return tables.fetch_many(Key("events", name))[Key("events", name)]


def found(tables, subject):
    return tables.find_keys("events", "subject", subject).keys


def test_an_event_that_waits_keeps_its_place_in_the_queue_and_its_leaf(tables):
    (name,) = recorded(tables)
    (before,) = pending_events(tables)
    forget_subject(tables, "jiu")
    (after,) = pending_events(tables)
    assert after == before
    mark_sequenced(tables, [(name, leaf_of(row(tables, name)).encode())], 7)
    assert pending_events(tables) == []
    assert row(tables, name).values["index"] == 7
    assert found(tables, "jiu") == ()


def test_an_event_in_the_log_keeps_what_an_auditor_opens_and_nothing_of_the_person(tables):
    (name,) = recorded(tables)
    mark_sequenced(tables, [(name, leaf_of(row(tables, name)).encode())], 7)
    forget_subject(tables, "jiu")
    values = row(tables, name).values
    assert "jiu" not in str(dict(values))
    assert not {"personal", "personal_salt", "subject"} & values.keys()
    opening = Opening(values["audit_salt"], values["audit"])
    assert opening.commitment(AUDIT_DOMAIN) == values["audit_commitment"]


def test_all_of_a_persons_events_and_nobody_elses(tables):
    recorded(tables, 2 * AT_ONCE + 1)
    (other,) = recorded(tables, subject="minsu")
    before = row(tables, other)
    forget_subject(tables, "jiu")
    assert found(tables, "jiu") == ()
    assert row(tables, other) == before
    forget_subject(tables, "jiu")
    assert len(pending_events(tables)) == 2 * AT_ONCE + 2


class Contended:
    """Tables in which somebody else changes a row before each of our first commits."""

    def __init__(self, tables, times):
        self.tables, self.times = tables, times

    def __getattr__(self, name):
        return getattr(self.tables, name)

    def commit(self, *changes):
        if self.times:
            self.times -= 1
            raise Conflict(0, "events")
        self.tables.commit(*changes)


def test_the_sequencer_may_come_in_between_and_not_for_ever(tables):
    recorded(tables)
    forget_subject(Contended(tables, 3), "jiu")
    assert found(tables, "jiu") == ()
    recorded(tables, subject="minsu")
    with pytest.raises(Busy):
        forget_subject(Contended(tables, 100), "minsu")
