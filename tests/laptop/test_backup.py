"""Backups of a laptop's hub: what comes back, and who does not."""

from __future__ import annotations

import json
import os
import shutil
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.cli.recovery import charge_in_full
from mydata_hub.consent.endings import revoke_grant
from mydata_hub.consent.grant import GrantState
from mydata_hub.consent.grants import fetch_grant
from mydata_hub.embedded import key_copies, unfinished
from mydata_hub.embedded.fsck import check_folder
from mydata_hub.embedded.key_copies import KEPT_FOR, KEY_TABLES, key_copies_until, newest_copy
from mydata_hub.embedded.root_key import FILE_NAME as ROOT_KEY
from mydata_hub.embedded.snapshots import snapshots_of
from mydata_hub.embedded.sqlite_file import FILE_NAME
from mydata_hub.errors import NotAllowed
from mydata_hub.ports.clock import SystemClock
from mydata_hub.release.ledger import UNITS
from mydata_hub.transparency.published import CHECKPOINT
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.refusal import Cause
from mydata_hub.wiring import copies_of

from tests.laptop.drill_world import DrillWorld, back_up, restored
from tests.unit.objects.samples import GRANT as ENDED
from tests.unit.own_vault.own_world import monthly
from tests.unit.vault.vault_world import refused

SURVIVOR, LEAVER = "vault-1", "vault-2"
GRANT = replace(ENDED, version=1, ended_at=None, ended_as=None)
PASSPHRASE = "correct horse battery"


@pytest.fixture
def world(tmp_path):
    """Two people, each with a bill that comes back."""
    made = DrillWorld(tmp_path / "data")
    for vault in (SURVIVOR, LEAVER):
        made.make(vault)
        made.fold(made.collected(*monthly(), vault_id=vault), vault_id=vault)
    return made


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "backup"


def later(world):
    """More comes into the survivor's vault after a backup."""
    segment = world.collected(*monthly("Water"), vault_id=SURVIVOR)
    world.fold(segment)
    return segment.segment_id


def test_the_drill_backs_up_erases_and_restores_and_the_erased_person_stays_erased(world, folder):
    back_up(world.folder, folder)
    before = world.profile(SURVIVOR)
    added = later(world)
    size = world.sequence().size
    until = world.erase(LEAVER)
    assert until <= SystemClock().now()

    done = restored(folder, world.folder, "--force")

    assert (done["vaults"], done["erased"], done["kept"]) == (1, 1, 0)
    assert world.profile(SURVIVOR) == before
    assert added not in world.segment_names(SURVIVOR)
    assert world.segment_names(LEAVER) == []
    refused(Cause.ERASED, lambda: world.vault_keys.profile_secret(LEAVER))
    # The log went on from where it was, and says that the vault was put back.
    assert "vault_restored" in world.events()
    assert world.sequence().size == size + 1
    assert check_folder(world.folder) == []


def test_what_a_vault_is_put_back_behind_can_come_in_again(world, folder):
    back_up(world.folder, folder)
    after = later(world)
    whole = world.profile(SURVIVOR)
    restored(folder, world.folder, "--force")
    segment = world.collected(*monthly("Water"), vault_id=SURVIVOR)
    assert segment.segment_id != after
    world.fold(segment)
    assert world.profile(SURVIVOR).folds == whole.folds


def test_restoring_twice_changes_nothing_more(world, folder):
    back_up(world.folder, folder)
    later(world)
    assert restored(folder, world.folder, "--force")["vaults"] == 1
    again = restored(folder, world.folder, "--force")
    assert (again["vaults"], again["unchanged"]) == (0, 2)


def test_a_version_of_a_row_never_comes_twice(world, folder):
    back_up(world.folder, folder)
    later(world)
    version = world.vault(SURVIVOR).version
    restored(folder, world.folder, "--force")
    assert world.vault(SURVIVOR).version == version + 1


def test_a_vault_made_after_the_backup_stays_as_it_is(world, folder):
    back_up(world.folder, folder)
    world.make("vault-3")
    world.fold(world.collected(*monthly(), vault_id="vault-3"), vault_id="vault-3")
    assert restored(folder, world.folder, "--force")["kept"] == 1
    assert len(world.segment_names("vault-3")) == 1


def test_a_hub_that_is_there_is_not_touched_without_force(world, folder):
    back_up(world.folder, folder)
    later(world)
    assert "--force" in restored(folder, world.folder, code=1)["error"]
    assert len(world.segment_names(SURVIVOR)) == 2


def test_the_snapshot_is_chosen_by_an_instant(world, folder):
    back_up(world.folder, folder)
    between = SystemClock().now().isoformat()
    later(world)
    back_up(world.folder, folder)
    done = restored(folder, world.folder, "--force", "--at", between)
    assert done["vaults"] == 1
    assert len(world.segment_names(SURVIVOR)) == 1
    early = restored(folder, world.folder, "--force", "--at", "2020-01-01T00:00:00Z", code=1)
    assert "no snapshot" in early["error"]


def test_a_second_backup_copies_only_what_is_new(world, folder):
    first = back_up(world.folder, folder)
    later(world)
    second = back_up(world.folder, folder)
    assert (first["new_blobs"], second["new_blobs"], second["blobs"]) == (2, 1, 3)


def test_only_so_many_snapshots_stay(world, folder):
    for _ in range(3):
        back_up(world.folder, folder, "--keep", "2")
    assert len(snapshots_of(folder)) == 2


def test_what_was_taken_out_of_a_vault_since_stays_out(world, folder):
    back_up(world.folder, folder)
    world.drop(SURVIVOR, world.segment_names(SURVIVOR)[0])
    done = restored(folder, world.folder, "--force")
    assert (done["vaults"], done["unchanged"], done["kept"]) == (0, 1, 1)


def test_where_the_live_folder_is_lost_consents_end_and_partners_are_charged_in_full(
    world, folder, tmp_path
):
    world.give(GRANT)
    back_up(world.folder, folder)
    data = tmp_path / "new"
    assert anew(world, folder, data, "--never-published")["consents_ended"] == 1
    found = DrillWorld(data)
    grant = fetch_grant(found.tables, GRANT.grant_id)
    assert grant.state(SystemClock().now()) is GrantState.REVOKED
    ledger = found.ledger(GRANT)
    assert ledger.charged_to(GRANT.grant_id) == GRANT.max_bits * UNITS
    # A run that was killed begins again, and charges nobody twice.
    assert charge_in_full(found.tables, grant, SystemClock().now()) == 0


def test_a_restore_beside_a_live_hub_gives_no_bit_back_and_no_consent(world, folder):
    world.give(GRANT)
    back_up(world.folder, folder)
    charge_in_full(world.tables, GRANT, SystemClock().now())
    revoke_grant(world.desk(), GRANT.grant_id, "hub")
    restored(folder, world.folder, "--force")
    assert world.ledger(GRANT).charged_to(GRANT.grant_id) == GRANT.max_bits * UNITS
    assert fetch_grant(world.tables, GRANT.grant_id).ended_at is not None


def test_a_snapshot_holds_no_key_and_the_copy_of_the_keys_nothing_else(world, folder):
    back_up(world.folder, folder)
    (snapshot,) = snapshots_of(folder)
    rows = json.loads((snapshot.folder / "manifest.json").read_text())["rows"]
    assert "VaultsTable" in rows
    assert not KEY_TABLES & rows.keys()
    wrapped = world.row(secrets_row(LEAVER)).values["versions"]["1"]["profile"]
    assert encoded(wrapped) not in (snapshot.folder / FILE_NAME).read_bytes()
    copied = (newest_copy(folder).folder / FILE_NAME).read_bytes()
    assert encoded(wrapped) in copied
    assert b"VaultsTable" not in copied


def test_an_erasure_reaches_the_copy_of_the_keys_in_every_folder(world, tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        back_up(world.folder, folder)
    wrapped = world.row(secrets_row(LEAVER)).values["versions"]["1"]["records"]
    # As an erasure does: it plans, destroys, and then looks whether that is so.
    planned = SystemClock().now()
    key_copies_until(world.folder, planned)
    world.erase(LEAVER)
    assert copies_of(world.erase_settings()).keys_until(planned) == planned
    for folder in folders:
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert all(encoded(wrapped) not in path.read_bytes() for path in files)


def test_a_folder_that_is_away_holds_copies_for_seven_days_at_most(world, folder, tmp_path):
    back_up(world.folder, folder)
    copied_at = newest_copy(folder).copied_at
    away = shutil.move(folder, tmp_path / "drawer")
    assert world.erase(LEAVER) == copied_at + KEPT_FOR
    shutil.move(away, folder)
    now = SystemClock().now()
    assert key_copies_until(world.folder, now) == now


def test_keys_older_than_seven_days_are_not_restored(world, folder, tmp_path):
    back_up(world.folder, folder)
    copy = newest_copy(folder)
    old = key_copies.name_of(copy.copied_at - KEPT_FOR - timedelta(minutes=1))
    copy.folder.rename(copy.folder.with_name(old))
    done = anew(world, folder, tmp_path / "new", "--never-published", code=1)
    assert "older than 7 days" in done["error"]
    assert not (tmp_path / "new" / FILE_NAME).exists()


def test_a_lost_folder_is_made_anew_without_those_who_were_erased(world, folder, tmp_path):
    back_up(world.folder, folder)
    world.erase(LEAVER)
    data = tmp_path / "new"
    done = anew(world, folder, data, "--never-published")
    assert done["erased"] == 1
    found = DrillWorld(data)
    assert found.profile(SURVIVOR) == world.profile(SURVIVOR)
    refused(Cause.ERASED, lambda: found.vault_keys.profile_secret(LEAVER))
    assert found.segment_names(LEAVER) == []
    assert check_folder(data) == []
    # The next erasure reaches the backup that this folder came from.
    found.erase(SURVIVOR)
    assert newest_copy(folder).copied_at > snapshots_of(folder)[-1].taken_at


def test_the_root_key_comes_back_under_its_passphrase_alone(world, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("MYDATA_BACKUP_PASSPHRASE", PASSPHRASE)
    assert back_up(world.folder, folder, "--with-root-key")["root_key"] is True
    root = (world.folder / ROOT_KEY).read_bytes()
    assert root.split()[1] not in (folder / "secrets.json").read_bytes()
    monkeypatch.setenv("MYDATA_BACKUP_PASSPHRASE", "another passphrase")
    wrong = restored(folder, tmp_path / "a", "--never-published", code=1)
    assert "does not open" in wrong["error"]
    monkeypatch.setenv("MYDATA_BACKUP_PASSPHRASE", PASSPHRASE)
    restored(folder, tmp_path / "b", "--never-published")
    assert (tmp_path / "b" / ROOT_KEY).read_bytes() == root


def test_without_any_root_key_nothing_is_restored(world, folder, tmp_path):
    back_up(world.folder, folder)
    (tmp_path / "other").mkdir()
    DrillWorld(tmp_path / "other")
    foreign = restored(
        folder,
        tmp_path / "new",
        *("--never-published", "--root-key", str(tmp_path / "other" / ROOT_KEY)),
        code=1,
    )
    assert "not the root key" in foreign["error"]


def test_a_log_that_was_published_further_is_not_taken_up_behind_that(world, folder, tmp_path):
    world.sequence()
    early = checkpoint_of(world, tmp_path / "early")
    back_up(world.folder, folder)
    later(world)
    world.sequence()
    newer = checkpoint_of(world, tmp_path / "newer")
    assert "published" in anew(world, folder, tmp_path / "a", code=1)["error"]
    behind = anew(world, folder, tmp_path / "b", "--published", newer, code=1)
    assert "rewrite it" in behind["error"]
    with pytest.raises(NotAllowed):
        unfinished.require_restored(tmp_path / "b")
    anew(world, folder, tmp_path / "c", "--published", early)
    unfinished.require_restored(tmp_path / "c")


def test_a_damaged_backup_is_named_and_nothing_is_put_back(world, folder):
    back_up(world.folder, folder)
    later(world)
    (snapshot,) = snapshots_of(folder)
    with (snapshot.folder / FILE_NAME).open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\xff")
    told = restored(folder, world.folder, "--force", code=1)
    assert "not what was backed up" in told["error"]
    assert len(world.segment_names(SURVIVOR)) == 2
    unfinished.require_restored(world.folder)


def test_two_hubs_never_share_a_backup_folder(world, folder, tmp_path):
    back_up(world.folder, folder)
    other = DrillWorld(tmp_path / "other")
    other.make(SURVIVOR)
    assert "another hub" in back_up(other.folder, folder, code=1)["error"]
    back_up(other.folder, tmp_path / "own")
    assert "another hub" in restored(folder, other.folder, "--force", code=1)["error"]
    inside = back_up(world.folder, world.folder / "backup", code=1)
    assert "inside the data folder" in inside["error"]


def anew(world, folder, data, *more, code=0):
    """Restored into a new folder with the root key that the operator kept."""
    root = str(world.folder / ROOT_KEY)
    return restored(folder, data, "--root-key", root, *more, code=code)


def checkpoint_of(world, path):
    """The checkpoint that anybody could have fetched now."""
    path.write_bytes(world.row(CHECKPOINT).values["note"])
    return str(path)


def encoded(wrapped):
    """Bytes as they stand in the image of a row."""
    return b64encode(wrapped)[:40]
