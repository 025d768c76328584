"""An operator turns keys: beside a hub at work, without one, and with a backup afterwards."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from mydata_hub.cli.rotate import rotate
from mydata_hub.cli.stage import run
from mydata_hub.embedded.key_copies import old_key_copies_until
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.root_key import read_root_key
from mydata_hub.own_vault.replacing import Resealer
from mydata_hub.own_vault.strongroom import see_profile
from mydata_hub.own_vault.turning import turn_keys
from mydata_hub.rotation.sealing_anew import seal_anew
from mydata_hub.vault.erased_parts import Scope
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.public_keys import read_recipient
from mydata_hub.vault.segment_opening import load_segment, open_segment, trust

from tests.laptop.drill_world import DrillWorld, back_up, restored
from tests.laptop.patience import eventually
from tests.unit.own_vault.own_world import ME, monthly

NEVER = "--never-published"


@pytest.fixture
def world(tmp_path: Path) -> DrillWorld:
    made = DrillWorld(tmp_path / "data")
    made.make(ME)
    made.fold(*(made.collected(*monthly(payee, months=2)) for payee in "abc"))
    return made


def rotated(world: DrillWorld, *words: str, code: int = 0) -> dict[str, object]:
    done = CliRunner().invoke(rotate, [*words, "--data", str(world.folder), "--json"])
    assert done.exit_code == code, done.output or done.exception
    return json.loads(done.stdout)


def opened(world: DrillWorld) -> Counter[bytes]:
    """All records of the vault, as a new process opens them."""
    again = DrillWorld(world.folder)
    resealing = LocalSigner(world.folder, "ResealKey", "ES256").public_key()
    trusted = {**again.room.trusted, **trust([(resealing, None)])}
    found = Counter[bytes]()
    for row in again.tables.query("segments", ME).rows:
        secret = again.vault_keys.records_secret(ME, key_version=row.values["key_version"])
        found += Counter(open_segment(load_segment(again.blobs, row), secret, trusted))
    assert see_profile(again.tables, again.vault_keys, ME).version > 1
    again.tables.close()
    return found


def versions(world: DrillWorld) -> list[str]:
    return sorted(world.row(secrets_row(ME)).values["versions"])


def test_where_no_hub_serves_the_command_does_the_work_itself(world):
    before, root = opened(world), read_root_key(world.folder)
    done = rotated(world, "wrap")
    assert (done["vaults"], done["changed"], done["failed"]) == (1, 1, 0)
    assert done["root_key_renewed"]
    assert done["signing_keys"] > 1
    assert read_root_key(world.folder) != root
    assert rotated(world, "keys", "--vault", ME)["changed"] == 1
    assert versions(world) == ["1", "2"]
    assert rotated(world, "seal")["segments"] == 3
    assert versions(world) == ["3"]
    assert opened(world) == before
    assert rotated(world, "wrap", "--vault", ME)["root_key_renewed"] is False


def test_a_wrapping_that_was_asked_for_and_killed_goes_on_and_makes_no_second_root_key(world):
    root = read_root_key(world.folder)
    # Somebody asked and was killed: the job is there, and nobody takes it further.
    words = ["wrap", "--vault", ME, "--data", str(world.folder), "--json"]
    shutil.copy(world.folder / "root.key", world.folder.parent / "kept.key")
    assert CliRunner().invoke(rotate, words).exit_code == 0
    assert read_root_key(world.folder) == root
    assert rotated(world, "wrap")["root_key_renewed"]
    assert len(list((world.folder / "roots").iterdir())) == 1


def test_a_backup_from_before_opens_with_the_new_root_key_once_there_is_a_later_one(
    world, tmp_path
):
    folder = tmp_path / "backup"
    before = opened(world)
    back_up(world.folder, folder)
    rotated(world, "wrap")
    back_up(world.folder, folder)
    kept = tmp_path / "kept.key"
    shutil.copy(world.folder / "root.key", kept)
    new = tmp_path / "new"
    restored(folder, new, NEVER, "--root-key", str(kept))
    assert opened(replace_folder(world, new)) == before
    assert run("fsck", "--data", str(new), "--json").json()["findings"] == []


def test_a_root_key_of_before_does_not_open_a_backup_of_after(world, tmp_path):
    folder, kept = tmp_path / "backup", tmp_path / "kept.key"
    shutil.copy(world.folder / "root.key", kept)
    rotated(world, "wrap")
    back_up(world.folder, folder)
    told = restored(folder, tmp_path / "new", NEVER, "--root-key", str(kept), code=1)
    assert "not the root key" in str(told["error"])


def test_a_vault_that_was_sealed_anew_since_a_backup_is_kept_and_one_with_new_keys_goes_back(
    world, tmp_path
):
    folder = tmp_path / "backup"
    back_up(world.folder, folder)
    rotated(world, "keys")
    world.fold(world.collected(*monthly("later", months=1)))
    done = restored(folder, world.folder, "--force")
    assert (done["vaults"], done["kept"]) == (1, 0)
    assert sum(opened(world).values()) == 6
    # It goes on under the keys of today.
    late = world.collected(*monthly("late", months=1))
    assert late.key_version == read_recipient(world.tables, ME).key_version == 2
    assert world.fold(late).segments == 1
    assert sum(opened(world).values()) == 7
    rotated(world, "seal")
    done = restored(folder, world.folder, "--force")
    assert (done["vaults"], done["kept"]) == (0, 1)
    assert sum(opened(world).values()) == 7


def test_a_part_that_was_erased_does_not_come_back_from_a_backup(world, tmp_path):
    folder = tmp_path / "backup"
    back_up(world.folder, folder)
    scope = Scope(since=datetime(2025, 1, 1, tzinfo=UTC), until=datetime(2025, 8, 1, tzinfo=UTC))
    signer = LocalSigner(world.folder, "ResealKey", "ES256")
    room = replace(world.room, resealers=trust([(signer.public_key(), None)]))
    assert turn_keys(room, world.keys, ME, "part", scope)
    assert seal_anew(Resealer(room, signer), ME, world.clock.now() + timedelta(hours=1)).done
    left = opened(world)
    assert sum(left.values()) == 3
    # The certificate counts the copy of the keys in the folder until the next backup replaces it.
    gone = world.clock.now()
    assert old_key_copies_until(world.folder, gone) > gone
    done = restored(folder, world.folder, "--force")
    assert (done["vaults"], done["kept"]) == (0, 1)
    assert opened(world) == left
    back_up(world.folder, folder)
    assert old_key_copies_until(world.folder, gone) == gone
    new = tmp_path / "new"
    first = min((folder / "snapshots").iterdir()).name
    at = datetime.strptime(first, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC) + timedelta(seconds=1)
    root = str(world.folder / "root.key")
    restored(folder, new, NEVER, "--root-key", root, "--at", at.isoformat())
    assert opened(replace_folder(world, new)) == left


def test_an_old_snapshot_into_a_new_folder_opens_nothing_that_was_sealed_anew(world, tmp_path):
    folder = tmp_path / "backup"
    back_up(world.folder, folder)
    rotated(world, "seal")
    back_up(world.folder, folder)
    new = tmp_path / "new"
    root = str(world.folder / "root.key")
    restored(folder, new, NEVER, "--root-key", root)
    assert sum(opened(replace_folder(world, new)).values()) == 6


def test_beside_a_hub_at_work_one_person_s_vault_is_sealed_anew(hub, mydata):
    mydata("person", "add", "Mina")
    mydata("person", "connect", "sample-card", "--as", "Mina", "--sample-person", "jiu")
    assert mydata("rotate", "wrap", "--json").json()["root_key_renewed"]
    done = mydata("rotate", "seal", "--as", "Mina", "--json").json()
    assert (done["vaults"], done["failed"], done["state"]) == (1, 0, "ended")
    told = {"vault_keys_rewrapped", "vault_keys_turned", "records_resealed", "vault_keys_given_up"}
    after = eventually(
        lambda: mydata("person", "activity", "--as", "Mina", "--json").json()["entries"],
        lambda entries: told <= {entry["kind"] for entry in entries},
    )
    assert told <= {entry["kind"] for entry in after}
    assert mydata("fsck", "--json").json()["findings"] == []


def test_who_is_named_twice_or_not_at_all_is_told(world):
    both = CliRunner().invoke(rotate, ["keys", "--as", "Mina", "--vault", ME])
    assert both.exit_code == 2
    nowhere = CliRunner().invoke(rotate, ["keys", "--data", str(world.folder / "none")])
    assert nowhere.exit_code == 1
    assert "no hub" in nowhere.stderr
    unknown = CliRunner().invoke(rotate, ["keys", "--vault", "nobody", "--data", str(world.folder)])
    assert unknown.exit_code == 1


def replace_folder(world: DrillWorld, folder: Path) -> DrillWorld:
    return replace(world, folder=folder)
