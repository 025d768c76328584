"""template.yaml keeps its walls, and each proof catches the fault that it is for."""

from __future__ import annotations

import pytest

from tests.architecture import (
    planted_doors,
    planted_network,
    planted_plumbing,
    planted_walls,
    walls,
    zone_page,
)
from tests.architecture.permissions import Permission, permissions
from tests.architecture.planting import Plant
from tests.architecture.proofs import PROOFS, VARIABLES
from tests.architecture.template import functions, read_template

FAULTS = [
    *planted_walls.FAULTS,
    *planted_doors.FAULTS,
    *planted_network.FAULTS,
    *planted_plumbing.FAULTS,
]


@pytest.mark.parametrize("proof", PROOFS)
def test_the_template_keeps(proof: str) -> None:
    assert PROOFS[proof](read_template()) == []


@pytest.mark.parametrize(
    ("plant", "proof", "words"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_planted_fault_is_caught(plant: Plant, proof: str, words: str) -> None:
    template = read_template()
    plant(template["Resources"])
    assert words in PROOFS[proof](template)


def test_a_fault_is_planted_against_every_proof() -> None:
    assert {fault[2] for fault in FAULTS} == PROOFS.keys()


def test_a_permission_of_the_page_that_the_template_lacks_is_told() -> None:
    surplus = Permission("pages", "table events", "dynamodb:Query")
    found = walls.unlike_the_page(
        read_template(), zone_page.permitted() | {surplus}, zone_page.zones()
    )
    assert found == ["not in template.yaml: pages table events dynamodb:Query"]


def test_the_proofs_read_something() -> None:
    # A reader that finds nothing would make every proof above hold.
    template = read_template()
    assert functions(template).keys() == VARIABLES.keys()
    assert len(permissions(template)) > 40
    assert len(zone_page.permitted()) == len(permissions(template))
