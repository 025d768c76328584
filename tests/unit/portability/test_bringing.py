"""Archives brought to a hub: the person's own word, never doubled, and worth what it was worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mydata_hub.collection.record import Provenance, Record
from mydata_hub.errors import BadInput, Busy, TooLarge, Unopenable
from mydata_hub.insights.answers import answer_claim, see_insights
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.own_vault.archives import Brought, Piece, connection_from, import_archive
from mydata_hub.own_vault.importing import MAX_CONTENT_BYTES, list_imports
from mydata_hub.ports.tables import Tables
from mydata_hub.vault.announcements import segment_row
from mydata_hub.vault.key_rows import secrets_row, tombstones
from mydata_hub.vault.public_keys import public_key_row

from tests.unit.own_vault.own_world import ME, monthly
from tests.unit.portability.export_world import HUB, ExportWorld, whole
from tests.unit.vault.vault_world import ATTRIBUTION

UNTIL = datetime(2026, 2, 27, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> ExportWorld:
    """Another hub, whose person moves."""
    made = ExportWorld(tmp_path / "home")
    made.make(ME)
    made.collected(*monthly("Gas"))
    made.collected(*monthly("Rent", amount=-700_000))
    made.bring("date,amount,who\n2026-01-25 12:00,-100,Own\n")
    made.sweep()
    made.told(UNTIL)
    return made


@pytest.fixture
def archive(home: ExportWorld) -> bytes:
    return home.take()


def held(world: ExportWorld) -> list[Record]:
    """Every record in the vault, opened as an export opens it."""
    found = whole(world.take())
    return [
        Record.decode(line)
        for file in found.manifest.files
        if file.name.startswith("records/")
        for line in found.lines(file)
    ]


def test_records_come_as_the_persons_own_word_and_keep_everything_else(
    world, home, archive
) -> None:
    kept = world.bring_archive(archive)
    assert (kept.records, kept.already) == (17, 0)
    world.sweep()
    found = {one.source_id: one for one in held(world)}
    for there in held(home):
        here = found[there.source_id]
        assert here.provenance is Provenance.SELF_SUPPLIED
        assert here.connection_id == connection_from(ME, HUB, there.connection_id)
        same = {"record_id", "connection_id", "provenance"}
        assert replace(here, **{name: getattr(there, name) for name in same}) == there
    assert [one.origin for one in list_imports(world.tables, ME)] == [HUB] * 3


def test_insights_are_those_of_the_origin_and_partners_are_told_nothing(
    world, home, archive
) -> None:
    world.bring_archive(archive)
    world.sweep()
    now = world.clock.now()
    there, here = see_insights(home.profile(), now), see_insights(world.profile(), now)
    assert any(one.finding.cell is not None for one in there)
    for one, other in zip(there, here, strict=True):
        assert (one.finding, one.complete_until) == (other.finding, other.complete_until)
    for entry in CATALOGUE.values():
        assert answer_claim(world.profile(), entry, now) == NO_ANSWER


def test_an_archive_brought_twice_changes_nothing(world, archive) -> None:
    world.bring_archive(archive)
    world.sweep()
    before, imports = held(world), list_imports(world.tables, ME)
    kept = world.bring_archive(archive)
    assert (kept.records, kept.already) == (0, 17)
    assert world.sweep().segments == 0
    assert held(world) == before
    assert list_imports(world.tables, ME) == imports


def test_a_later_archive_of_the_same_hub_brings_what_is_new(world, home, archive) -> None:
    world.bring_archive(archive)
    home.collected(*monthly("New", months=2))
    home.sweep()
    assert world.bring_archive(home.take()).records == 2


def test_an_archive_that_comes_home_doubles_nothing(home, archive) -> None:
    before = held(home)
    kept = home.bring_archive(archive)
    assert (kept.records, kept.already) == (0, 17)
    home.sweep()
    assert held(home) == before


def test_no_record_of_an_archive_can_stand_for_one_that_was_collected(home, archive) -> None:
    """A person who edits their archive to take back what a provider says of them."""
    home.collected(*monthly("Kept"))
    home.sweep()
    before = [one for one in held(home) if one.provenance is Provenance.COLLECTED]
    forged = [one.cancel() for one in monthly("Kept")]
    piece = Piece(segment_id="s-forged", count=len(forged), complete_until=None)
    content = b"\n".join(one.encode() for one in forged)
    import_archive(home.letterbox, ME, Brought(hub=HUB, pieces=[piece], content=content))
    home.sweep()
    found = held(home)
    assert [one for one in found if one.provenance is Provenance.COLLECTED] == before
    collected = {one.record_id for one in before}
    assert not collected & {
        one.record_id for one in found if one.provenance is not Provenance.COLLECTED
    }


def test_what_was_cut_off_before_its_commit_is_brought_by_the_next_try(world, archive) -> None:
    class Cut:
        """Tables that are gone once the sealed bytes are stored."""

        def __init__(self, tables: Tables) -> None:
            self.tables = tables

        def __getattr__(self, name: str):
            return getattr(self.tables, name)

        def commit(self, *changes: object) -> None:
            raise Busy("gone")

    letterbox = world.letterbox
    world.letterbox = replace(letterbox, tables=Cut(world.tables))
    with pytest.raises(Busy):
        world.bring_archive(archive)
    world.letterbox = letterbox
    assert world.bring_archive(archive).records == 17
    assert world.sweep().refused == {}
    assert len(held(world)) == 17


def test_a_segment_is_complete_no_further_than_its_hub_knew(world, archive) -> None:
    world.bring_archive(archive)
    world.sweep()
    connection = connection_from(ME, HUB, ATTRIBUTION.connection_id)
    assert world.profile().freshness[connection] == UNTIL


def test_nobody_makes_a_collected_source_complete_by_an_announcement(world) -> None:
    segment = world.collected(*monthly("Gas"))
    key = segment_row(ME, segment.segment_id)
    row = world.row(key)
    world.put(row, {**row.values, "complete_until": "2030-01-01T00:00:00+00:00"})
    world.fold(segment)
    assert world.profile().freshness == {}


def test_an_erased_vault_takes_no_archive(world, archive) -> None:
    rows = world.tables.fetch_many(secrets_row(ME), public_key_row(ME))
    world.tables.commit(*tombstones(ME, rows, world.clock.now()))
    with pytest.raises(Unopenable):
        world.bring_archive(archive)
    assert world.events() == []


def brought(**changes: object) -> Brought:
    records = [one.encode() for one in monthly("Gas", months=3)]
    piece = Piece(segment_id="s-1", count=3, complete_until=None)
    plain = Brought(hub=HUB, pieces=[piece], content=b"\n".join(records))
    return replace(plain, **changes)


def a_piece(**changes: object) -> list[Piece]:
    return [replace(Piece(segment_id="s-1", count=3, complete_until=None), **changes)]


def mixed() -> bytes:
    gas, rent = monthly("Gas", months=2), monthly("Rent", months=1)
    other = replace(rent[0], connection_id="connection-2")
    return b"\n".join(one.encode() for one in (*gas, other))


WRONG: dict[str, tuple[Callable[[], Brought], type[Exception], str]] = {
    "too much": (
        lambda: brought(content=bytes(MAX_CONTENT_BYTES + 1)),
        TooLarge,
        "part of an archive",
    ),
    "nothing": (lambda: brought(pieces=[]), BadInput, "pieces"),
    "too many pieces": (lambda: brought(pieces=a_piece() * 41), BadInput, "pieces"),
    "other counts": (lambda: brought(pieces=a_piece(count=2)), BadInput, "pieces: count other"),
    "no hub": (lambda: brought(hub=""), BadInput, "hub"),
    "no id": (lambda: brought(pieces=a_piece(segment_id="a/b")), BadInput, "segment_id"),
    "the future": (
        lambda: brought(pieces=a_piece(complete_until=datetime.now(UTC) + timedelta(days=9999))),
        BadInput,
        "complete_until",
    ),
    "no record": (lambda: brought(content=b"{}\n{}\n{}"), BadInput, "content: line 1 is no record"),
    "of two connections": (lambda: brought(content=mixed()), BadInput, "one connection"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_part_of_an_archive_is_refused_and_nothing_written(world, kind) -> None:
    make, error, words = WRONG[kind]
    with pytest.raises(error, match=words):
        import_archive(world.letterbox, ME, make())
    assert world.events() == []
    assert list(world.blobs.names("segments/")) == []
