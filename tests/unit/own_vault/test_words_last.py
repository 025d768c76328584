"""What a person said of their records outlives what is done to the vault, or goes with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mydata_hub.insights.own_words import (
    OWN_CATEGORIES,
    OWN_DISPUTES,
    is_contested,
    list_corrections,
    list_disputes,
    own_view,
)
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.reviews import OWN_APPEALS, is_appealed
from mydata_hub.own_vault.speaking import (
    Pointed,
    Said,
    correct_category,
    dispute_records,
    own_word,
    say,
    take_back,
)
from mydata_hub.ports.tables import Delete, VersionIs
from mydata_hub.rotation.job import Kind

from tests.unit.own_vault.own_world import BANK, ME, OwnWorld, monthly
from tests.unit.own_vault.test_folding import age
from tests.unit.own_vault.test_speaking import first
from tests.unit.portability.export_world import ExportWorld, lines_of
from tests.unit.rotation.rotation_world import RotationWorld


def spoken(world: OwnWorld) -> OwnWorld:
    """Eight bills, of which the person disputed one, and put their payee into a category."""
    world.make(ME)
    world.collected(*monthly())
    world.sweep()
    dispute_records(world.letterbox, ME, world.profile(), [first(world)])
    correct_category(world.letterbox, ME, "Gas", "rent")
    world.sweep()
    return world


def appeal(world: OwnWorld) -> None:
    """The vault's own record of an appeal, without its case."""
    at = world.clock.now()
    body = {"appeal": "a-1", "reason": "late_bills", "statement": "No.", "as_of": at.isoformat()}
    said = own_word(ME, OWN_APPEALS, "a-1", at, body)
    say(world.letterbox, ME, Said(records=(said,), kind="appeal_opened"))
    world.sweep()


def words(profile: Profile) -> tuple[object, ...]:
    """What holds of what was said, and what it does to the person's own view."""
    state = own_view(profile).folds[PAYMENTS.id].state
    seen = [one.category for one in PAYMENTS.payments(state, collected_only=False)]
    disputes = [(one.version.mark, one.open) for one in list_disputes(profile)]
    corrections = [(one.payee, one.category) for one in list_corrections(profile)]
    return disputes, corrections, seen


def own_lines(archive: bytes) -> list[dict[str, Any]]:
    return [
        line
        for dataset in (OWN_DISPUTES, OWN_CATEGORIES)
        for line in lines_of(archive, f"records/{dataset}")
    ]


def count_of(world: RotationWorld, dataset: str) -> int:
    return sum(one.dataset == dataset for one in world.held_records())


@pytest.mark.parametrize("kind", [Kind.WRAP, Kind.KEYS, Kind.SEAL])
def test_words_outlive_every_rotation_of_keys_and_are_taken_back_under_the_new_ones(
    tmp_path: Path, kind: Kind
) -> None:
    world = spoken(RotationWorld(tmp_path))
    assert isinstance(world, RotationWorld)
    before = words(world.profile())
    assert before[1] == [("Gas", "rent")]
    assert before[2] == ["rent"] * 7
    job = world.rotate(kind)
    assert (job.failed, words(world.profile())) == (0, before)
    assert (count_of(world, OWN_DISPUTES), count_of(world, OWN_CATEGORIES)) == (1, 1)

    one = list_disputes(world.profile())[0].version
    again = [Pointed(dataset=one.dataset, mark=one.mark)]
    assert take_back(world.letterbox, ME, world.profile(), again) == 1
    world.sweep()
    assert list_disputes(world.profile()) == []


def test_words_are_found_again_where_all_is_folded_afresh(
    tmp_path: Path,
) -> None:
    world = spoken(OwnWorld(tmp_path))
    before = words(world.profile())
    age(world)
    world.fold(world.collected(*monthly("late", months=1)))
    after = words(world.profile())
    assert after[:2] == before[:2]
    assert len(after[2]) == len(before[2]) + 1


def test_a_vault_that_was_put_back_knows_the_words_of_then_and_takes_new_ones(
    tmp_path: Path,
) -> None:
    """What `mydata restore` does: the rows of the vault of then, whatever was said since."""
    world = spoken(OwnWorld(tmp_path))
    then = words(world.profile())
    kept = {
        row.key: row.values
        for table in ("vaults", "segments")
        for row in world.tables.query(table, ME).rows
    }
    correct_category(world.letterbox, ME, "Gas", "travel")
    world.sweep()
    assert words(world.profile())[1] == [("Gas", "travel")]
    for table in ("vaults", "segments"):
        for row in world.tables.query(table, ME).rows:
            if row.key in kept:
                world.put(row, kept[row.key])
            else:
                world.tables.commit(Delete(row.key, VersionIs(row.version)))
    assert words(world.profile()) == then
    world.clock.advance(timedelta(seconds=1))
    correct_category(world.letterbox, ME, "Gas", "utilities")
    world.sweep()
    assert words(world.profile())[1] == [("Gas", "utilities")]


def test_words_are_in_the_archive_and_at_another_hub_a_category_holds_and_a_dispute_is_over(
    tmp_path: Path,
) -> None:
    home = spoken(ExportWorld(tmp_path / "home"))
    assert isinstance(home, ExportWorld)
    archive = home.take()
    told = {one["dataset"]: one for one in own_lines(archive)}
    assert told.keys() == {OWN_DISPUTES, OWN_CATEGORIES}
    assert told[OWN_CATEGORIES]["body"]["payee"] == "Gas"
    assert told[OWN_DISPUTES]["body"]["mark"] == list_disputes(home.profile())[0].version.mark.hex()

    there = ExportWorld(tmp_path / "there")
    there.make(ME)
    there.bring_archive(archive)
    there.sweep()
    disputes, corrections, seen = words(there.profile())
    # A record has another name there, so the dispute points at nothing: it silences nothing.
    assert (disputes, corrections, seen) == ([], [("Gas", "rent")], ["rent"] * 8)
    assert not is_contested(there.profile(), (BANK,))
    # It was said all the same, and goes on with its words to the next hub.
    assert {one["dataset"] for one in own_lines(there.take())} == told.keys()

    before = words(home.profile())
    home.bring_archive(archive)
    home.sweep()
    assert words(home.profile()) == before


def test_an_appeal_that_comes_from_another_hub_holds_nothing_back(tmp_path: Path) -> None:
    """Nobody reviews it there, so it would for good."""
    home = spoken(ExportWorld(tmp_path / "home"))
    assert isinstance(home, ExportWorld)
    appeal(home)
    assert is_appealed(home.profile())
    there = ExportWorld(tmp_path / "there")
    there.make(ME)
    there.bring_archive(home.take())
    there.sweep()
    assert not is_appealed(there.profile())
