"""Folding: each announced segment is taken up once or put aside, whatever happens meanwhile."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from mydata_hub.collection.datasets import schema_of
from mydata_hub.collection.record import Record
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.errors import Busy, Conflict, Damaged, OutcomeUnknown, Unopenable
from mydata_hub.insights import advance
from mydata_hub.insights.answers import see_insights
from mydata_hub.insights.card_bills import card_bills
from mydata_hub.insights.fold import Finding
from mydata_hub.own_vault.folding import MAX_TOGETHER, advance_vault, fold_segments
from mydata_hub.own_vault.strongroom import see_profile
from mydata_hub.vault.announcements import segment_row, waiting_segments
from mydata_hub.vault.key_rows import secrets_row, tombstones
from mydata_hub.vault.manifest import authenticate, vault_row
from mydata_hub.vault.public_keys import public_key_row
from mydata_hub.vault.refusal import Cause
from mydata_hub.vault.segments import blob_name

from tests.unit.own_vault.own_world import ME, monthly, transaction
from tests.unit.vault.vault_world import NOW

AT = datetime(2026, 2, 1, 3, tzinfo=UTC)


def recurring(world, now: datetime = NOW) -> Finding:
    seen = see_insights(world.profile(), now)
    (found,) = [one for one in seen if one.attribute.id == "payments.recurring_count"]
    return found.finding


def state_of(world, segment) -> tuple[object, object]:
    row = world.row(segment_row(segment.vault_id, segment.segment_id))
    return row.values["state"], row.values.get("cause")


def test_folded_records_are_what_the_person_sees(world):
    segment = world.collected(*monthly())
    done = world.fold(segment)
    assert (done.segments, done.records, done.refused) == (1, 8, {})
    assert state_of(world, segment) == ("folded", None)
    world.told(AT)
    found = recurring(world)
    assert found.cell == "1_to_2"
    assert [one["payee"] for one in found.evidence["streams"]] == ["Gas"]
    assert list(waiting_segments(world.tables, 100)) == []


def test_a_fold_is_an_event_that_names_the_version_it_wrote(world):
    world.fold(world.collected(*monthly()))
    assert world.events() == ["records_folded"]
    assert world.vault(ME).version == 2


def test_a_segment_that_is_announced_twice_over_is_folded_once(world):
    segment = world.collected(*monthly())
    world.fold(segment)
    before = world.vault(ME)
    assert world.fold(segment, segment).segments == 0
    assert world.vault(ME) == before


def test_many_segments_are_folded_in_bounded_commits(world):
    records = monthly(months=20)
    segments = [world.collected(record) for record in records]
    done = world.fold(*segments)
    assert (done.segments, done.records) == (20, 20)
    assert len(world.events()) == -(-20 // MAX_TOGETHER)


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        ("blob gone", Cause.MISSING),
        ("other bytes", Cause.REPLACED),
        ("unknown signer", Cause.SIGNER),
        ("signer of statements", Cause.CONTENT),
        ("another schema", Cause.CONTENT),
        ("body of another kind", Cause.CONTENT),
        ("another connection", Cause.CONTENT),
        ("another provenance", Cause.CONTENT),
        ("another key version", Cause.KEY_VERSION),
        ("another provider announced", Cause.ATTRIBUTION),
    ],
)
def test_a_segment_that_is_not_what_it_says_is_put_aside_and_holds_up_no_other(world, spoil, cause):
    records = monthly()
    match spoil:
        case "unknown signer" | "signer of statements":
            theirs = LocalSigner(world.folder, "somebody", "ES256")
            mine, world.signer = world.signer, theirs if "unknown" in spoil else world.own_signer
            bad = world.collected(*records)
            world.signer = mine
        case "another schema":
            bad = world.collected(*records, schema_hash=bytes(32))
        case "body of another kind":
            bad = world.collected(replace(records[0], body={"kind": 7}))
        case "another connection":
            other = replace(records[0], connection_id="connection-2")
            bad = world.collected(records[0], records=(other.encode(),))
        case "another provenance":
            bad = world.collected(replace(records[0], provenance="self_supplied"))
        case "another key version":
            row = world.row(public_key_row(ME))
            values = {**row.values, "key_version": 7}
            world.put(row, values)
            bad = world.collected(*records)
            world.put(world.row(public_key_row(ME)), dict(row.values))
        case _:
            bad = world.collected(*records)
    if spoil == "blob gone":
        world.blobs.delete(blob_name(ME, bad.segment_id, 1))
    if spoil == "other bytes":
        world.blobs.delete(blob_name(ME, bad.segment_id, 1))
        world.blobs.put_if_absent(blob_name(ME, bad.segment_id, 1), b"other")
    if spoil == "another provider announced":
        row = world.row(segment_row(ME, bad.segment_id))
        world.put(row, {**row.values, "provider_id": "provider-9"})
    good = world.collected(*monthly("Water"))
    done = world.fold(bad, good)
    assert (done.segments, dict(done.refused)) == (1, {cause: 1})
    assert state_of(world, bad) == ("refused", cause.value)
    assert state_of(world, good) == ("folded", None)


def test_a_segment_of_a_schema_before_todays_is_opened_and_folded_as_ever(world):
    def bill(month: int, version: int, **more: object) -> Record:
        due = f"2026-0{month}-14"
        body = {"month": due[:7], "due_on": due, "paid_on": due, "as_of": f"{due}T00:00:00Z"}
        name = f"bill-{month}"
        return replace(
            monthly()[0],
            record_id=name,
            source_id=name,
            dataset="card.bills",
            schema_version=version,
            occurred_at=datetime(2026, month, 14, tzinfo=UTC),
            body=body | more,
        )

    told = [
        world.collected(
            bill(month, version, **more),
            dataset="card.bills",
            schema_hash=schema_of("card.bills", version).digest(),
        )
        for month, version, more in [(1, 1, {}), (2, 2, {"limit_minor": 900_000})]
    ]

    assert world.fold(*told).segments == 2
    bills = card_bills(world.profile().folds["bills"].state, collected_only=True)
    assert [one.limit_minor for one in bills] == [None, 900_000]


def test_refused_segments_alone_leave_the_vault_as_it_is(world):
    bad = world.collected(*monthly(), schema_hash=bytes(32))
    before = world.vault(ME)
    assert world.fold(bad).segments == 0
    assert world.vault(ME) == before
    assert world.events() == []


def test_an_announcement_that_is_put_back_is_a_replay(world):
    segment = world.collected(*monthly())
    world.fold(segment)
    row = world.row(segment_row(ME, segment.segment_id))
    world.put(row, {**row.values, "state": "unfolded"})
    done = world.fold(segment)
    assert dict(done.refused) == {Cause.REPLAYED: 1}


def test_a_segment_of_another_vault_is_not_opened(world):
    theirs = world.collected(*monthly(), vault_id="vault-2")
    assert fold_segments(world.room, ME, [theirs.segment_id]).segments == 0
    assert state_of(world, theirs) == ("unfolded", None)


def test_a_key_that_is_out_of_reach_puts_nothing_aside(world):
    """A disabled key looks like bytes that do not open; no segment may be blamed for it."""
    segment = world.collected(*monthly())

    class Disabled:
        def wrap(self, secret, context):
            raise Unopenable("disabled")

        unwrap = wrap

    room = replace(world.room, keys=type(world.vault_keys)(world.tables, Disabled(), world.clock))
    with pytest.raises(Unopenable):
        fold_segments(room, ME, [segment.segment_id])
    assert state_of(world, segment) == ("unfolded", None)
    assert world.fold(segment).segments == 1


def test_an_erased_vaults_segments_are_put_aside(world):
    segment = world.collected(*monthly())
    erase(world)
    assert dict(world.fold(segment).refused) == {Cause.ERASED: 1}
    assert see_profile(world.tables, world.vault_keys, ME) is None


def test_a_fold_that_began_before_an_erasure_writes_nothing(world):
    segment = world.collected(*monthly())

    def erase_first() -> None:
        erase(world)

    room = replace(world.room, tables=Before(world.tables, erase_first))
    done = fold_segments(room, ME, [segment.segment_id])
    assert dict(done.refused) == {Cause.ERASED: 1}
    assert world.vault(ME).values["profile_version"] == 0


def test_two_folds_at_once_take_each_segment_up_once(world):
    segments = [world.collected(record) for record in monthly(months=12)]
    done = []

    def work() -> None:
        done.append(world.fold(*segments))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.segments for one in done) == 12
    assert manifest(world).segments == 12
    assert {state_of(world, one)[0] for one in segments} == {"folded"}


def test_the_second_of_two_folds_reads_again_and_loses_nothing_of_the_first(world):
    first, second = world.collected(*monthly("Gas")), world.collected(*monthly("Water"))
    room = replace(world.room, tables=Before(world.tables, lambda: world.fold(first)))
    assert fold_segments(room, ME, [second.segment_id]).segments == 1
    world.told(AT)
    names = {one["payee"] for one in recurring(world).evidence["streams"]}
    assert names == {"Gas", "Water"}


@pytest.mark.parametrize("happened", [False, True])
def test_an_answer_that_was_lost_is_read_again(world, happened):
    segment = world.collected(*monthly())
    room = replace(world.room, tables=LostAnswer(world.tables, happened=happened))
    fold_segments(room, ME, [segment.segment_id])
    assert state_of(world, segment) == ("folded", None)
    assert manifest(world).segments == 1


def test_somebody_who_always_comes_first_is_told_and_nothing_is_lost(world):
    segment = world.collected(*monthly())

    class Never:
        fetch_many = staticmethod(world.tables.fetch_many)

        def commit(self, *changes):
            raise Conflict(0, "vaults")

    with pytest.raises(Busy):
        fold_segments(replace(world.room, tables=Never()), ME, [segment.segment_id])
    assert world.fold(segment).segments == 1


def test_a_record_that_comes_again_corrected_counts_once(world):
    once = transaction("t-1", AT, 0, "Gas")
    world.fold(world.collected(*monthly(), once))
    world.fold(world.collected(once.cancel()))
    world.fold(world.collected(once))
    with_it = world.profile().folds["payments"]
    clean = world.collected(*monthly(), once.cancel(), vault_id="vault-2")
    world.fold(clean, vault_id="vault-2")
    assert world.profile("vault-2").folds["payments"] == with_it


def test_after_an_upgrade_of_the_folds_everything_is_folded_afresh(world):
    world.fold(world.collected(*monthly("Gas")))
    world.fold(world.collected(*monthly("Water")))
    age(world)
    assert advance.is_outdated(world.profile())
    world.fold(world.collected(*monthly("Rent")))
    world.told(AT)
    names = {one["payee"] for one in recurring(world).evidence["streams"]}
    assert names == {"Gas", "Water", "Rent"}


@pytest.mark.parametrize("fault", ["gone", "swapped"])
def test_what_was_taken_up_and_is_not_there_any_more_stops_a_fresh_fold(world, fault):
    segment = world.collected(*monthly("Gas"))
    world.fold(segment)
    age(world)
    row = world.row(segment_row(ME, segment.segment_id))
    if fault == "gone":
        world.blobs.delete(blob_name(ME, segment.segment_id, 1))
    else:
        world.put(row, {**row.values, "digest": bytes(32)})
    new = world.collected(*monthly("Rent"))
    with pytest.raises(Unopenable):
        world.fold(new)
    assert state_of(world, new) == ("unfolded", None)


def age(world) -> None:
    """Make the profile one of an older release, with other folds."""
    rows = world.tables.fetch_many(vault_row(ME), secrets_row(ME))
    secret = world.vault_keys.records_secret(ME)
    profile = world.profile()
    older = {name: fold for name, fold in profile.folds.items() if name != "payments"}
    aged = replace(profile, folds=older, version=profile.version + 1)
    world.tables.commit(*advance_vault(world.room, ME, manifest(world), rows, aged, secret))


def manifest(world):
    return authenticate(ME, world.vault(ME), world.vault_keys.records_secret(ME))


def erase(world) -> None:
    keys = secrets_row(ME), public_key_row(ME)
    world.tables.commit(*tombstones(ME, world.tables.fetch_many(*keys), NOW))


class Before:
    """Tables on which something else happens before the first commit."""

    def __init__(self, tables, act):
        self.tables, self.act = tables, act

    def fetch_many(self, *keys):
        return self.tables.fetch_many(*keys)

    def commit(self, *changes):
        act, self.act = self.act, None
        if act:
            act()
        self.tables.commit(*changes)


class LostAnswer:
    """Tables whose first commit is not answered, whether it happened or not."""

    def __init__(self, tables, *, happened):
        self.tables, self.happened, self.lost = tables, happened, False

    def fetch_many(self, *keys):
        return self.tables.fetch_many(*keys)

    def commit(self, *changes):
        if self.lost:
            return self.tables.commit(*changes)
        self.lost = True
        if self.happened:
            self.tables.commit(*changes)
        raise OutcomeUnknown("lost")


def test_a_row_that_cannot_be_read_is_told_and_holds_up_no_other(world):
    bad, *good = [world.collected(record) for record in monthly()]
    row = world.row(segment_row(ME, bad.segment_id))
    world.put(row, {**row.values, "segment_version": "one"})
    with pytest.raises(Damaged):
        world.fold(bad, *good)
    assert {state_of(world, one)[0] for one in good} == {"folded"}
    assert state_of(world, bad) == ("unfolded", None)
