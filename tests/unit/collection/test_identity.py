"""The real-name check on real tables: a provider's identity belongs to one person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mydata_hub.collection.identity import TABLE, claim_identity, identity_keys, identity_tag
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import BadInput, Conflict, NotAllowed
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Tables

KEY = bytes(range(32))
CI = "Q0ktb2YtYS1zYW1wbGUtcGVyc29u"


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    opened = SqliteTables(tmp_path, {TABLE: "Connections"}, SystemClock())
    yield opened
    opened.close()


def bind(tables: Tables, subject: str, identity: str) -> None:
    tag = identity_tag(KEY, identity)
    rows = tables.fetch_many(*identity_keys(tag, subject))
    tables.commit(*claim_identity(tag, subject, rows))


def test_the_same_person_binds_the_same_identity_again(tables: Tables) -> None:
    bind(tables, "person-1", CI)
    bind(tables, "person-1", CI)


def test_an_identity_of_another_person_is_refused(tables: Tables) -> None:
    bind(tables, "person-1", CI)
    with pytest.raises(NotAllowed) as caught:
        bind(tables, "person-2", CI)
    assert CI not in str(caught.value)
    assert "person" not in str(caught.value).replace("another person", "")


def test_a_person_with_one_identity_cannot_bring_another(tables: Tables) -> None:
    bind(tables, "person-1", CI)
    with pytest.raises(NotAllowed):
        bind(tables, "person-1", CI + "x")


def test_of_two_people_who_bind_at_once_one_conflicts(tables: Tables) -> None:
    tag = identity_tag(KEY, CI)
    first, second = (
        claim_identity(tag, subject, tables.fetch_many(*identity_keys(tag, subject)))
        for subject in ("person-1", "person-2")
    )
    tables.commit(*first)
    with pytest.raises(Conflict):
        tables.commit(*second)


def test_the_tag_hides_the_identity_and_depends_on_the_key() -> None:
    tag = identity_tag(KEY, CI)
    assert CI not in tag
    assert tag == identity_tag(KEY, f" {CI} ")
    assert tag != identity_tag(KEY[::-1], CI)


@pytest.mark.parametrize(("key", "identity"), [(b"", CI), (KEY, "  ")])
def test_a_key_or_identity_that_is_none_is_refused(key: bytes, identity: str) -> None:
    with pytest.raises(BadInput):
        identity_tag(key, identity)
