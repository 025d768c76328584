"""A statement of one's own: whole or what can be read of it, the same once however often."""

from __future__ import annotations

import json

import pytest
from mydata_hub.collection.mapping import BUILT_IN
from mydata_hub.errors import BadInput, Busy, Conflict, TooLarge, Unopenable
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.own_vault.importing import (
    MAX_CONTENT_BYTES,
    SEGMENT_RECORDS,
    import_statement,
    list_imports,
)
from mydata_hub.own_vault.strongroom import see_profile
from mydata_hub.own_vault.today import see_today, today_document
from mydata_hub.ports.tables import Key
from mydata_hub.transparency.events import pending_events
from mydata_hub.vault.announcements import waiting_segments

from tests.unit.own_vault.own_world import HEADER, MAPPING, ME, statement, supplied
from tests.unit.own_vault.test_folding import erase
from tests.unit.vault.vault_world import NOW

BROKEN = statement() + "2026-02-30 12:00,-1,Gas\n2026-02-25 12:00,much,Gas\n"


def today(world):
    profile = see_profile(world.tables, world.vault_keys, ME)
    return see_today(profile, list_imports(world.tables, ME), NOW)


def recurring(world) -> dict:
    insights = today_document(today(world))["insights"]
    return next(one for one in insights if one["attribute"] == "payments.recurring_count")


def test_an_imported_statement_is_folded_and_seen(world):
    done = world.bring(statement())
    assert (done.lines, done.segments, done.broken) == (8, 1, ())
    assert today(world).waiting == 1
    world.sweep()
    found = recurring(world)
    assert [one["payee"] for one in found["support"]["streams"]] == ["Gas"]
    assert found["complete_until"].startswith("2026-02-25")
    assert today(world).waiting == 0


def test_partners_are_told_nothing_from_what_a_person_supplied(world):
    world.bring(statement())
    world.sweep()
    assert answer_claim(world.profile(), find_claim("payments.recurring_count"), NOW) == "no_answer"


def test_the_same_statement_again_changes_nothing_that_is_seen(world):
    world.bring(statement())
    world.sweep()
    folds = world.profile().folds
    world.bring(statement())
    world.sweep()
    assert world.profile().folds == folds


def test_statements_that_overlap_give_each_line_once(world):
    world.bring(statement(months=6))
    world.bring(statement(months=8))
    world.sweep()
    assert recurring(world)["support"]["streams"][0]["times"] == 8


def test_broken_lines_are_named_and_the_rest_is_taken(world):
    done = world.bring(BROKEN)
    assert done.lines == 8
    assert [(one.file, one.line, one.column, one.name) for one in done.broken] == [
        ("march.csv", 10, 1, "date"),
        ("march.csv", 11, 2, "amount"),
    ]


def test_all_or_nothing_takes_nothing_while_a_line_is_broken(world):
    done = world.bring(BROKEN, all_or_nothing=True)
    assert (done.lines, done.segments, len(done.broken)) == (0, 0, 2)
    assert done.refused
    assert list(waiting_segments(world.tables, 10)) == []
    assert list(world.blobs.names("segments/")) == []
    assert world.events() == []
    assert list_imports(world.tables, ME) == ()


def test_a_statement_without_a_single_good_line_is_no_import(world):
    done = world.bring(HEADER + "never,-1,Gas\n")
    assert (done.lines, done.segments, len(done.broken)) == (0, 0, 1)
    assert list_imports(world.tables, ME) == ()


def test_an_import_is_an_event_with_counts_and_nothing_else(world):
    world.bring(BROKEN)
    (event,) = pending_events(world.tables)
    row = world.row(Key("events", event.event_id))
    told = json.loads(row.values["personal"])
    assert (told["kind"], told["actor"]) == ("statement_imported", ME)
    assert "Gas" not in str(row.values)
    assert "march" not in str(row.values)


def test_no_row_tells_what_was_paid_or_what_a_mapping_of_ones_own_is_called(world):
    world.bring(statement(payee="CANARY"), mapping=MAPPING.model_copy(update={"name": "canary"}))
    rows = [*world.tables.query("vaults", ME).rows, *world.tables.query("segments", ME).rows]
    assert len(rows) == 3
    assert "canary" not in str([row.values for row in rows]).lower()
    (past,) = list_imports(world.tables, ME)
    assert past.mapping == "own"


def test_a_long_statement_is_several_segments_of_one_import(world):
    lines = "".join(
        f"2026-01-{1 + index % 28:02d} 12:00,-{index + 1},Shop\n"
        for index in range(SEGMENT_RECORDS + 5)
    )
    done = world.bring(HEADER + lines)
    assert (done.lines, done.segments) == (SEGMENT_RECORDS + 5, 2)
    assert len(list_imports(world.tables, ME)) == 1


def test_what_is_too_large_or_no_statement_is_refused_before_anything_is_kept(world):
    with pytest.raises(TooLarge):
        world.bring("x" * (MAX_CONTENT_BYTES + 1))
    for content in (b"PK\x03\x04", b"\xff\xfe", b"a,b\n", b"date,amount,who\n=cmd,1,2\n"):
        with pytest.raises(BadInput):
            world.bring("", content=content)
    with pytest.raises(BadInput, match="name"):
        world.bring(statement(), name="")
    assert list(world.blobs.names("segments/")) == []


def test_before_there_is_a_vault_one_waits_and_after_erasure_nothing_is_taken(world):
    with pytest.raises(Busy, match="being opened"):
        import_statement(world.letterbox, "nobody", supplied(statement()))
    erase(world)
    with pytest.raises(Unopenable):
        world.bring(statement())


def test_an_erasure_meanwhile_keeps_an_import_out(world):
    class Erasing:
        def put_if_absent(self, name, content):
            erase(world)
            world.blobs.put_if_absent(name, content)

    with pytest.raises(Conflict):
        world.bring(statement(), blobs=Erasing())
    assert list_imports(world.tables, ME) == ()


def test_built_in_mappings_keep_their_names(world):
    kr = "거래일시,적요,보낸분/받는분,송금메모,출금액,입금액,거래후잔액\n"
    line = "2026-02-01 09:00:00,이체,도시가스,,42300,,1000\n"
    world.bring(kr + line, mapping=BUILT_IN["kr_bank"])
    (past,) = list_imports(world.tables, ME)
    assert (past.mapping, past.lines, past.broken) == ("kr_bank", 1, 0)


def test_without_a_vault_there_is_nothing_to_see_and_that_is_said(world):
    profile = see_profile(world.tables, world.vault_keys, "nobody")
    document = today_document(see_today(profile, (), NOW))
    assert document == {
        "held": False,
        "open": False,
        "waiting": 0,
        "insights": [],
        "sources": [],
        "imports": [],
        "needs": [],
    }


def test_an_empty_vault_abstains_on_everything(world):
    document = today_document(today(world))
    assert document["open"]
    assert {one["answer"] for one in document["insights"]} == {None}
