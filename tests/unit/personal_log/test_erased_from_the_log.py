"""Erased from the log, measured: whoever has everything that is left links and reads nothing."""

from __future__ import annotations

from mydata_hub.personal_log.intake import IN_USE
from mydata_hub.personal_log.recipient import GRACE
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.transparency.log_proof import prove_entry, verify_proof
from mydata_hub.transparency.verifier import verify_log

from tests.unit.personal_log.adversary import attack, shared_values

PEOPLE = ("jiu", "minsu", "mina")
EACH = 66  # more than one page of a book


def lived(world):
    """A log of several people over three months; a copy of the events of its last day, some of
    which had no place yet."""
    for month in range(3):
        for person in PEOPLE:
            world.write(person, EACH if month == 2 else 5)
        if month < 2:
            world.sequence()
            world.advance(days=30)
    backup = list(world.dump("events"))
    assert any("sealed_to" in row.values for row in backup)
    world.sequence()
    return backup, EACH + 10


def no_key_of_then_is_left(world):
    world.intake.replace_soon()
    for span in (GRACE, GRACE):
        world.intake.tend()
        world.clock.advance(span)
    world.intake.tend()


def test_with_the_keys_everything_is_linked_and_read_and_without_them_nothing(world):
    backup, each = lived(world)
    before = attack(world, backup)
    # The control: the same adversary, while the keys are there, finds every entry of everybody.
    assert {person: before.of(person) for person in PEOPLE} == dict.fromkeys(
        PEOPLE, (each, each, each)
    )
    world.erase("jiu")
    no_key_of_then_is_left(world)
    after = attack(world, backup)
    assert after.of("jiu") == (0, 0, 0)
    assert {person: after.of(person) for person in PEOPLE[1:]} == dict.fromkeys(
        PEOPLE[1:], (each, each, each)
    )


def test_until_the_intakes_key_of_then_is_gone_a_copy_of_then_can_be_read(world):
    """Why an erasure is not irrecoverable at once, and waits for that key."""
    backup, _each = lived(world)
    world.erase("jiu")
    assert attack(world, backup).of("jiu") == (0, 0, EACH)
    assert attack(world, ()).of("jiu") == (0, 0, 0)
    world.clock.advance(IN_USE)
    no_key_of_then_is_left(world)
    assert attack(world, backup).of("jiu") == (0, 0, 0)


def test_no_two_rows_have_anything_in_common_but_what_an_auditor_opens(world):
    lived(world)
    placed = [row for row in world.dump("events") if "index" in row.values]
    assert len(placed) == len(PEOPLE) * (EACH + 10)
    assert shared_values(placed) == []
    assert shared_values(world.dump("log_books")) == []


def test_every_proof_of_the_log_stays_as_it_was(world):
    lived(world)
    key = VerifierKey.parse(world.published.key())
    proofs = [prove_entry(world.published, index) for index in range(0, len(world.leaves()), 7)]
    leaves = world.leaves()
    world.erase("jiu")
    world.sequence()
    assert world.leaves() == leaves
    for at, proof in enumerate(proofs):
        assert verify_proof(str(proof), leaves[7 * at], key).index == 7 * at
    assert not verify_log(Served(world), key).findings


class Served:
    def __init__(self, world):
        self.world = world

    def get(self, name):
        if name == "checkpoint":
            return self.world.published.latest()
        return self.world.blobs.get(name)

    def tile_names(self):
        return list(self.world.blobs.names("tile/"))
