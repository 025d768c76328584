"""The erasure of a part is killed before and after each of its effects: it always completes.

At no moment is a record lost that stays, none that was erased is shown again once it was hidden,
and in the end no key opens it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from mydata_hub.erasure.state import PART_STEPS, Kind

from tests.unit.accounts.conftest import memory_folder
from tests.unit.collection.sample_pages import approval
from tests.unit.erasure.erasure_world import Counted, Killed
from tests.unit.erasure.part_world import PartWorld
from tests.unit.erasure.test_parts import MARCH_1


@dataclass
class Asked:
    """A hub in which somebody asked to have a day erased."""

    first: PartWorld
    folder: Path
    person: object
    certificate_id: str
    before: list[str]
    copies: int = 0

    def copy(self) -> PartWorld:
        self.copies += 1
        world = self.first.copied(self.folder / str(self.copies))
        assert isinstance(world, PartWorld)
        return world


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    with memory_folder() as folder:
        world = PartWorld(Path(folder) / "first")
        days = [approval(n) for n in range(3)] + [approval(24 * 60 + n) for n in range(2)]
        world.card.company.approvals = {"card-1": days}
        jiu = world.settle_in()
        before = world.held(jiu)
        certificate_id = world.begin_part(jiu, since=MARCH_1, until=MARCH_1)
        world.close()
        yield Asked(world, Path(folder), jiu, certificate_id, before)


def stays(asked: Asked) -> list[str]:
    whole = asked.copy()
    whole.run_part()
    left = whole.held(asked.person)
    whole.close()
    assert 0 < len(left) < len(asked.before)
    return left


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whatever_effect_it_is_killed_at_it_completes(asked: Asked, after: bool) -> None:
    left, effects, dies_at = stays(asked), 1, 0
    while dies_at < effects:
        world, count = asked.copy(), [0]
        ports = {"tables": ("commit",), "blobs": ("put_if_absent", "delete")}
        dying = {
            name: Counted(getattr(world.strongroom, name), acts, count, dies_at, after)
            for name, acts in ports.items()
        }
        try:
            world.run_part(world.workshop(**dying))
            effects = count[0]
        except Killed:
            effects = dies_at + 2
        check(world, asked, left)
        world.run_part()
        world.take_further()
        check_the_end(world, asked, left)
        dies_at += 1
    assert dies_at > 8


def check(world: PartWorld, asked: Asked, left: list[str]) -> None:
    """Nothing that stays is lost, and what is hidden stays hidden, at every moment."""
    held = world.held(asked.person)
    hidden = len(world.events(asked.person, "vault_part_erased")) == 1
    assert held == (left if hidden else asked.before)


def check_the_end(world: PartWorld, asked: Asked, left: list[str]) -> None:
    erasure = world.erasure(asked.certificate_id)
    assert erasure.done.keys() == set(PART_STEPS)
    assert [one.kind for one in erasure.issued] == [Kind.ERASED]
    assert world.held(asked.person) == left
    assert world.key_versions(asked.person) == {2}
    # What nothing opens is not even there any more.
    assert all(
        row.values["key_version"] == 2
        for row in world.tables.query("segments", asked.person.account_id).rows
    )
    rows = len(world.tables.query("segments", asked.person.account_id).rows)
    assert len(list(world.blobs.names("segments/"))) == rows
    world.close()
