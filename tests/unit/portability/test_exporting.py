"""Exporting: everything of the person, to the person alone, and what is missing is named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.accounts.account import RECOVERY_DELAY, Recovery
from mydata_hub.accounts.sessions import FRESH
from mydata_hub.errors import AccountRestricted, BadInput, NotFound, StepUpNeeded
from mydata_hub.portability.exporting import RoomExports
from mydata_hub.portability.parts import EXPORT_FOR, MAX_ASKED, PART_BYTES
from mydata_hub.ports.tables import Delete, Key, VersionIs
from mydata_hub.vault.announcements import segment_row
from mydata_hub.vault.key_rows import secrets_row, tombstones
from mydata_hub.vault.public_keys import public_key_row
from mydata_hub.vault.segments import blob_name

from tests.unit.own_vault.own_world import ME, monthly
from tests.unit.portability.export_world import ExportWorld, lines_of, whole
from tests.unit.vault.vault_world import ATTRIBUTION


def filled(world: ExportWorld, count: int = 3):
    """Some collected segments, and a statement of one's own; the segments."""
    segments = [world.collected(*monthly(f"Payee {n}", months=4)) for n in range(count)]
    world.bring("date,amount,who\n2026-01-25 12:00,-100,Own\n")
    world.sweep()
    return segments


def test_every_record_of_the_vault_is_in_the_archive_byte_for_byte(world: ExportWorld) -> None:
    segments = filled(world)
    archive = world.take()
    found = whole(archive)
    inside = {
        line
        for file in found.manifest.of_family("records/bank.transactions")
        for line in found.lines(file)
    }
    sealed = {line for one in segments for line in world.open(one)}
    assert sealed < inside
    assert len(inside) == found.manifest.vault.records == 13
    assert found.manifest.vault.segments == 4
    assert found.manifest.missing == ()
    origins = {one["provider_id"] for one in lines_of(archive, "segments")}
    assert origins == {ATTRIBUTION.provider_id, "self"}


def test_the_log_says_that_it_was_taken_before_anything_is_given(world: ExportWorld) -> None:
    filled(world)
    world.clock.advance(timedelta(seconds=1))
    before = world.events().count("export_started")
    begun = world.exports.begin(world.session())
    assert world.events().count("export_started") == before + 1
    last = lines_of(world.take(begun), "entries")[0]  # the newest first
    told = json.loads(last["payload"])
    assert (told["kind"], last["event_id"]) == ("export_started", begun["export_id"])
    row = world.tables.fetch_many(Key("events", begun["export_id"]))
    (kept,) = row.values()
    # The auditor's opening: an hour and a class, nobody's name.
    assert json.loads(kept.values["audit"]).keys() == {"class", "hour"}


@pytest.mark.parametrize("harm", ["gone", "replaced", "unannounced"])
def test_a_segment_that_is_not_what_the_manifest_lists_is_named(world: ExportWorld, harm) -> None:
    first, *others = filled(world)
    name = blob_name(ME, first.segment_id, first.version)
    key = segment_row(ME, first.segment_id)
    if harm == "gone":
        world.blobs.delete(name)
    elif harm == "replaced":
        other = world.row(segment_row(ME, others[0].segment_id))
        row = world.row(key)
        world.put(row, {**row.values, "digest": other.values["digest"]})
    else:
        world.tables.commit(Delete(key, VersionIs(world.row(key).version)))
    found = whole(world.take())
    (missing,) = found.manifest.missing
    cause = "replaced" if harm == "replaced" else "missing"
    assert (missing.segment_id, missing.cause) == (first.segment_id, cause)
    assert (missing.dataset, found.manifest.vault.records) == ("bank.transactions", 9)
    assert found.manifest.vault.segments == 4


def test_what_comes_meanwhile_is_left_out_and_said(world: ExportWorld) -> None:
    filled(world)
    begun = world.exports.begin(world.session())
    world.collected(*monthly("Late"))
    world.sweep()
    world.collected(*monthly("Later"))
    vault = whole(world.take(begun)).manifest.vault
    assert vault.manifest_version == begun["manifest_version"]
    assert vault.at_end.manifest_version == vault.manifest_version + 1
    assert (vault.records, vault.at_end.waiting) == (13, 1)


def test_a_segment_that_was_put_aside_is_counted_with_its_cause(world: ExportWorld) -> None:
    filled(world)
    late = world.collected(*monthly("Late"))
    world.blobs.delete(blob_name(ME, late.segment_id, late.version))
    world.sweep()
    assert whole(world.take()).manifest.vault.at_end.put_aside == {"missing": 1}


def test_a_large_segment_goes_in_several_parts_and_none_is_too_large(
    world: ExportWorld,
) -> None:
    world.exports = RoomExports(replace(world.export_room, part_bytes=2000))
    world.collected(*monthly("One", months=3))
    world.collected(*monthly("Many", months=40))
    world.collected(*monthly("Two", months=3))
    world.sweep()
    found = whole(world.take())
    assert found.manifest.vault.records == 46
    sizes = [
        sum(len(line) + 1 for line in part.lines) for part in world.parts if "done" in part.head
    ]
    assert max(sizes) <= 2000
    assert len(sizes) > 10


def test_a_part_fits_an_answer_even_if_each_byte_is_escaped() -> None:
    lambda_answer_bytes, head_bytes = 6 * 1024 * 1024, 64 * 1024
    assert 2 * PART_BYTES + MAX_ASKED * 600 + head_bytes < lambda_answer_bytes


def test_somebody_without_a_vault_takes_what_there_is(tmp_path) -> None:
    world = ExportWorld(tmp_path)
    found = whole(world.take())
    assert (found.manifest.vault.segments, found.manifest.vault.manifest_version) == (0, None)
    assert [one.name for one in found.manifest.of_family("entries")] == ["entries-0001.jsonl"]


def test_the_passkey_must_have_been_used_just_now(world: ExportWorld) -> None:
    session = world.session()
    world.clock.advance(FRESH)
    with pytest.raises(StepUpNeeded):
        world.exports.begin(session)
    assert world.events() == []


def refuse_everything(world: ExportWorld, session, begun, error) -> None:
    export_id = begun["export_id"]
    calls = [
        lambda: world.exports.records(session, export_id, [begun["segments"][0][0]], 0),
        lambda: world.exports.history(session, export_id, "consents", None),
        lambda: world.exports.history(session, export_id, "answers", None),
        lambda: world.exports.history(session, export_id, "entries", None),
        lambda: world.exports.end(session, export_id),
    ]
    for call in calls:
        with pytest.raises(error):
            call()


def test_only_the_session_that_began_goes_on_and_only_for_an_hour(world: ExportWorld) -> None:
    filled(world)
    session = world.session()
    begun = world.exports.begin(session)
    refuse_everything(world, world.session("s-2"), begun, StepUpNeeded)
    world.clock.advance(EXPORT_FOR - timedelta(seconds=1))
    assert world.exports.end(session, begun["export_id"])
    world.clock.advance(timedelta(seconds=1))
    refuse_everything(world, session, begun, StepUpNeeded)


def test_nobody_elses_export_and_no_other_event_is_a_ticket(world: ExportWorld) -> None:
    filled(world)
    session = world.session()
    begun = world.exports.begin(session)
    other = replace(session, account_id="vault-2")
    refuse_everything(world, other, begun, StepUpNeeded)
    entries = lines_of(world.take(), "entries")
    folded = next(one["event_id"] for one in entries if "records_folded" in one["payload"])
    for name in (folded, "nothing", "../keys", ""):
        refuse_everything(world, session, {**begun, "export_id": name}, NotFound)


def test_a_recovery_stops_an_export_that_is_under_way(world: ExportWorld) -> None:
    filled(world)
    session, now = world.session(), world.clock.now()
    begun = world.exports.begin(session)
    recovery = Recovery(
        recovery_id="r", passkey_id="p-2", started_at=now, matures_at=now + RECOVERY_DELAY
    )
    world.change_account(recovery=recovery)
    refuse_everything(world, session, begun, AccountRestricted)
    with pytest.raises(AccountRestricted):
        world.exports.begin(session)


def test_nothing_is_exported_of_somebody_who_is_being_erased(world: ExportWorld) -> None:
    filled(world)
    session = world.session()
    begun = world.exports.begin(session)
    # The keys alone: whatever became of the account's own mark.
    rows = world.tables.fetch_many(secrets_row(ME), public_key_row(ME))
    world.tables.commit(*tombstones(ME, rows, world.clock.now()))
    segment = begun["segments"][0][0]
    with pytest.raises(AccountRestricted):
        world.exports.records(session, begun["export_id"], [segment], 0)
    with pytest.raises(AccountRestricted):
        world.exports.begin(session)
    world.change_account(erasure="certificate")
    refuse_everything(world, session, begun, AccountRestricted)


@pytest.mark.parametrize("asked", [[], ["s"] * (MAX_ASKED + 1), ["no id"]])
def test_what_is_no_list_of_segments_is_refused(world: ExportWorld, asked) -> None:
    session = world.session()
    begun = world.exports.begin(session)
    with pytest.raises(BadInput):
        world.exports.records(session, begun["export_id"], asked, 0)


def test_another_vaults_segment_is_none_of_this_one(world: ExportWorld) -> None:
    world.make("vault-2")
    theirs = world.collected(*monthly("Theirs"), vault_id="vault-2")
    world.fold(theirs, vault_id="vault-2")
    session = world.session()
    begun = world.exports.begin(session)
    part = world.exports.records(session, begun["export_id"], [theirs.segment_id], 0)
    assert part.lines == []
    assert part.head["missing"] == [{"segment_id": theirs.segment_id, "cause": "foreign"}]


@pytest.mark.parametrize("mark", ["", "x" * 2000, "[]", "e30"])
def test_a_mark_that_no_part_gave_is_refused(world: ExportWorld, mark) -> None:
    session = world.session()
    begun = world.exports.begin(session)
    with pytest.raises(BadInput, match="after"):
        world.exports.history(session, begun["export_id"], "answers", mark)


@pytest.mark.parametrize("kind", ["sessions", "entries"])
def test_there_is_no_other_kind_of_history(world, kind) -> None:
    session = world.session()
    begun = world.exports.begin(session)
    with pytest.raises(BadInput, match="kind"):
        world.exports.history(session, begun["export_id"], kind, None)
