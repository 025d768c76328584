"""The snapshot: what the press writes, what a vault believes, and what it refuses."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.errors import BlobMissing, Damaged, NotProven
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.clients import change_client, suspend_client
from mydata_hub.offers.catalogue.offer import OfferImage
from mydata_hub.offers.catalogue.press import is_due
from mydata_hub.offers.catalogue.publishing import withdraw_offer
from mydata_hub.offers.catalogue.signed_head import sign_head, verifier
from mydata_hub.offers.catalogue.snapshot import (
    HEAD,
    MAX_PAGE_BYTES,
    MAX_PAGE_OFFERS,
    PREFIX,
    SnapshotReader,
    read_head,
    write_snapshot,
)
from mydata_hub.ports.tables import Put, VersionIs

from tests.unit.offers.shelf_world import (
    BEGUN,
    CAFE,
    MORNING,
    ORIGIN,
    an_offer,
    list_ids,
)


class Kept:
    """Blobs in memory, and no tables: what is written is read at once."""

    def __init__(self, blobs, head=None):
        self.blobs, self.head, self.reads = dict(blobs), head, []

    def get(self, name):
        self.reads.append(name)
        return self.blobs[name.removeprefix(PREFIX)]


def worth(name, amount):
    benefit = replace(an_offer().benefit, amount_minor=amount)
    return an_offer(name, benefit=benefit)


def rewrite(shelf, **values):
    """Write the head's row by hand, as whoever may write the table could."""
    row = shelf.tables.fetch_many(HEAD)[HEAD]
    changed = {**row.values, **values}
    shelf.tables.commit(Put(key=HEAD, values=changed, when=VersionIs(row.version)))


def test_what_is_approved_is_read_alike_by_everybody(shelf):
    assert shelf.reader().current() is None
    shelf.approved(worth("small", 500), worth("large", 9000))
    shelf.submit(an_offer("waiting"))
    assert shelf.publish() is True
    for snapshot in (shelf.reader().current(), shelf.reader().current()):
        assert (snapshot.number, snapshot.count, snapshot.made_at) == (1, 2, BEGUN)
        # The worthiest first.
        assert snapshot.index == [f"{CAFE}.large", f"{CAFE}.small"]
        assert [snapshot.offer(slot).offer_id for slot in (0, 1)] == snapshot.index
        for slot in (-1, 2):
            with pytest.raises(Damaged):
                snapshot.offer(slot)


def test_the_same_offers_are_the_same_snapshot(shelf):
    shelf.approved(an_offer())
    assert [shelf.publish(), shelf.publish()] == [True, False]
    assert read_head(shelf.tables).number == 1
    published = [one for one in shelf.told() if one["class"] == "offers_published"]
    assert [one["hash"] for one in published] == [read_head(shelf.tables).manifest]
    assert published[0]["thing"] == "offers.1"


def test_each_change_is_the_next_number_and_its_manifest_is_in_the_log(shelf):
    shelf.approved(an_offer())
    shelf.publish()
    shelf.approved(an_offer("mocha"))
    shelf.publish()
    withdraw_offer(shelf.desk, CAFE, f"{CAFE}.mocha")
    shelf.publish()
    assert read_head(shelf.tables).number == 3
    assert shelf.reader().current().index == [f"{CAFE}.latte"]
    published = [one for one in shelf.told() if one["class"] == "offers_published"]
    assert {one["thing"] for one in published} == {"offers.1", "offers.2", "offers.3"}


def test_an_offer_that_is_over_is_due_to_go(shelf):
    assert not is_due(shelf.press)
    shelf.approved(an_offer(), an_offer("long", valid_until=BEGUN + timedelta(days=60)))
    shelf.publish()
    shelf.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    assert not is_due(shelf.press)
    shelf.clock.advance(timedelta(seconds=1))
    assert is_due(shelf.press)
    assert shelf.publish()
    assert not is_due(shelf.press)
    assert shelf.reader().current().index == [f"{CAFE}.long"]
    shelf.clock.advance(timedelta(days=30))
    assert shelf.publish()
    empty = shelf.reader().current()
    assert (empty.count, empty.index) == (0, [])
    assert not is_due(shelf.press)


def test_an_offer_whose_time_has_not_come_is_there_for_when_it_comes(shelf):
    later = an_offer(valid_from=BEGUN + timedelta(days=9), valid_until=BEGUN + timedelta(days=10))
    shelf.approved(later)
    shelf.publish()
    assert shelf.reader().current().offer(0) == later


def test_nothing_of_a_suspended_partner_is_shown_and_its_suspension_asks_for_that(shelf):
    shelf.partner("bread")
    shelf.approved(an_offer(), an_offer("roll", client="bread"))
    shelf.publish()
    before = shelf.sent()
    suspend_client(shelf.desk, "bread")
    assert shelf.sent() == before + 1
    shelf.publish()
    assert shelf.reader().current().index == [f"{CAFE}.latte"]
    suspend_client(shelf.desk, "bread", suspended=False)
    shelf.publish()
    assert shelf.reader().current().count == 2


@pytest.mark.parametrize(
    "less", [{"purposes": ("mobility_service",)}, {"claims": ("commute.mode",)}]
)
def test_an_offer_for_which_its_partner_is_registered_no_more_is_not_shown(shelf, less):
    shelf.approved(an_offer(), discloses=("commute.by_subway@1",))
    shelf.publish()
    assert shelf.reader().current().count == 1
    before = shelf.sent()
    change_client(shelf.desk, CAFE, **less)
    assert shelf.sent() == before + 1
    shelf.publish()
    assert shelf.reader().current().count == 0


def test_what_does_not_mean_any_more_what_was_approved_is_left_out_and_told(shelf, monkeypatch):
    shelf.approved(an_offer(), an_offer("morning", eligibility=MORNING))
    monkeypatch.setattr("tests.unit.offers.shelf_world.CATALOGUE", {})
    shelf.publish()
    assert shelf.reader().current().index == [f"{CAFE}.latte"]
    assert shelf.left_out == [f"{CAFE}.morning"]


def test_a_snapshot_that_somebody_else_signed_is_refused(shelf):
    shelf.approved(an_offer())
    shelf.publish()
    head = read_head(shelf.tables)
    foreign = SigningKeys(LocalSigner(shelf.folder, "foreign", "ES256"))
    for signed in (
        sign_head(foreign, ORIGIN, 2, BEGUN, head.manifest, 1),
        sign_head(shelf.keys, "https://elsewhere.example", 2, BEGUN, head.manifest, 1),
        shelf.keys.sign("receipt+jwt", {"iss": ORIGIN, "number": 2, "manifest": head.manifest}),
        head.signed[:-4] + "AAAA",
        "no.jwt",
        "",
    ):
        rewrite(shelf, signed=signed, number=2)
        with pytest.raises(NotProven):
            shelf.reader().current()


def test_an_older_snapshot_is_refused_by_whoever_has_read_a_newer_one(shelf):
    shelf.approved(an_offer())
    shelf.publish()
    first, reader = read_head(shelf.tables), shelf.reader()
    shelf.approved(an_offer("mocha"))
    shelf.publish()
    newest = reader.current()
    assert newest.number == 2
    rewrite(shelf, signed=first.signed, number=first.number, manifest=first.manifest)
    for _ in range(2):
        with pytest.raises(Damaged, match="older"):
            reader.current()
        # A function that has just started knows it from the vault.
        with pytest.raises(Damaged, match="older"):
            shelf.reader().current(at_least=2)
    assert shelf.reader().current(at_least=1).number == 1


def test_of_one_number_there_is_one_snapshot_and_no_other(shelf):
    shelf.approved(an_offer())
    shelf.publish()
    reader, head = shelf.reader(), read_head(shelf.tables)
    first = reader.current()
    written = write_snapshot([(an_offer("other"), ({},))], list_ids)
    for name, content in written.blobs.items():
        shelf.blobs.put_if_absent(PREFIX + name, content)
    signed = sign_head(shelf.keys, ORIGIN, head.number, BEGUN, written.manifest, written.count)
    rewrite(shelf, signed=signed, manifest=written.manifest)
    with pytest.raises(Damaged, match="or another"):
        reader.current()
    rewrite(shelf, signed=head.signed, manifest=head.manifest)
    assert reader.current() is first


def test_a_reader_that_was_overtaken_by_another_thread_looks_again(shelf):
    shelf.approved(an_offer())
    shelf.publish()
    reader = shelf.reader()
    overtaken = []

    class Slow:
        """Blobs that are so slow that a newer snapshot is published and read meanwhile."""

        def get(self, name):
            if not overtaken:
                overtaken.append(name)
                shelf.approved(an_offer("mocha"))
                shelf.publish()
                assert reader.current().number == 2
            return shelf.blobs.get(name)

    reader._blobs = Slow()
    assert reader.current().number == 2
    assert overtaken


def test_a_snapshot_that_is_gone_is_not_no_snapshot(shelf):
    with pytest.raises(Damaged, match="older"):
        shelf.reader().current(at_least=1)


def test_a_part_that_is_not_what_was_published_is_refused(shelf):
    shelf.approved(an_offer())
    shelf.publish()
    head = read_head(shelf.tables)
    manifest = json.loads(shelf.blobs.get(PREFIX + head.manifest))
    page, index = manifest["pages"][0]["sha256"], manifest["index"]
    for name, read in (
        (head.manifest, lambda: shelf.reader().current()),
        (index, lambda: shelf.reader().current().index),
        (page, lambda: shelf.reader().current().offer(0)),
    ):
        content = shelf.blobs.get(PREFIX + name)
        shelf.blobs.delete(PREFIX + name)
        with pytest.raises(BlobMissing):
            read()
        shelf.blobs.put_if_absent(PREFIX + name, content[:-1])
        with pytest.raises(Damaged, match="not what was published"):
            read()
        shelf.blobs.delete(PREFIX + name)
        shelf.blobs.put_if_absent(PREFIX + name, content)
        read()


def test_the_manifest_and_a_page_are_what_the_protocol_says(shelf):
    shelf.approved(an_offer())
    shelf.publish()
    head = read_head(shelf.tables)
    content = shelf.blobs.get(PREFIX + head.manifest)
    page = an_offer().encode() + b"\n"
    expected = {
        "count": 1,
        "format": 1,
        "index": hashlib.sha256(list_ids([(an_offer(), ())])).hexdigest(),
        "object": "offers_snapshot",
        "pages": [{"count": 1, "sha256": hashlib.sha256(page).hexdigest()}],
    }
    assert content == json.dumps(expected, sort_keys=True, separators=(",", ":")).encode()
    assert shelf.blobs.get(PREFIX + expected["pages"][0]["sha256"]) == page


@pytest.mark.parametrize("count", [0, 1, MAX_PAGE_OFFERS, MAX_PAGE_OFFERS + 1])
def test_every_slot_is_the_offer_that_was_put_there(shelf, count):
    offers = [(an_offer(f"o{number}"), ()) for number in range(count)]
    written = write_snapshot(offers, list_ids)
    snapshot = opened(shelf, written)
    assert snapshot.count == count
    for slot in {0, count // 2, count - 2, count - 1} & set(range(count)):
        assert snapshot.offer(slot) == offers[slot][0]


@given(sizes=st.lists(st.integers(0, 40), max_size=12), data=st.data())
def test_pages_are_bounded_and_lose_no_offer(sizes, data):
    image = OfferImage(content=b"\xff\xd8\xff" + bytes(40_000) + b"\xff\xd9", alt=an_offer().title)
    offers = [
        (an_offer(f"o{number}", image=image if size > 20 else None), ())
        for number, size in enumerate(sizes)
    ]
    written = write_snapshot(offers, list_ids)
    manifest = json.loads(written.blobs[written.manifest])
    pages = [written.blobs[page["sha256"]] for page in manifest["pages"]]
    assert b"".join(pages) == b"".join(offer.encode() + b"\n" for offer, _ in offers)
    assert [page["count"] for page in manifest["pages"]] == [page.count(b"\n") for page in pages]
    assert all(len(page) <= MAX_PAGE_BYTES for page in pages)


def test_a_page_that_was_read_is_read_once(shelf):
    offers = [(an_offer(f"o{number}"), ()) for number in range(3)]
    written = write_snapshot(offers, list_ids)
    snapshot = opened(shelf, written)
    kept = snapshot._reader._blobs
    before = len(kept.reads)
    for slot in (0, 1, 2, 0):
        snapshot.offer(slot)
    assert len(kept.reads) == before + 1
    assert snapshot.index
    assert snapshot.index
    assert len(kept.reads) == before + 2


def opened(shelf, written):
    """What a vault reads of a snapshot that was written and not published by a press."""
    signed = sign_head(shelf.keys, ORIGIN, 1, BEGUN, written.manifest, written.count)

    class Row:
        def fetch_many(self, key):
            from mydata_hub.ports.tables import Row as StoredRow

            values = {"number": 1, "manifest": written.manifest, "signed": signed, "until": None}
            return {key: StoredRow(key, 1, values)}

    verify = verifier(lambda: shelf.keys.public, ORIGIN)
    return SnapshotReader(Row(), Kept(written.blobs), verify, json.loads).current()


def test_an_offer_with_a_picture_comes_back_whole(shelf):
    image = OfferImage(content=b"\xff\xd8\xff" + bytes(99) + b"\xff\xd9", alt=an_offer().text)
    shelf.approved(an_offer(image=image))
    shelf.publish()
    assert shelf.reader().current().offer(0).image == image
