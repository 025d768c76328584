"""An auditor at the command line, against a hub that really serves, and against one that lies."""

from __future__ import annotations

import csv
import json

import httpx
import pytest
from mydata_hub.cli.auditing import Reading
from mydata_hub.cli.client import HubClient
from mydata_hub.cli.log_sources import HttpSource, log_client
from mydata_hub.cli.stage import run
from mydata_hub.cli.wallet import FIRST, Wallet
from mydata_hub.errors import NotProven
from mydata_hub.transparency.checkpoint import VerifierKey, verify_checkpoint
from mydata_hub.transparency.sampling import draw, seed_of
from mydata_hub.transparency.searching import Search

from tests.laptop.patience import eventually


@pytest.fixture(scope="module")
def dana(hub):
    """An auditor, on a hub where two people have joined; the name."""
    data = ("--data", str(hub.data))
    for name in ("Jiyoon", "Sujin"):
        assert run("person", "add", name, *data).code == 0
    link = run("auditor", "add", "Dana", *data, "--json").json()["link"]
    assert run("auditor", "enrol", "Dana", "--link", link, *data).code == 0
    eventually(
        lambda: run("auditor", "counts", "--as", "Dana", *data, "--json").json()["by_class"],
        lambda kinds: kinds.get("account_opened", 0) >= 3,  # hers comes last
    )
    return "Dana"


def test_every_entry_is_counted_and_the_kinds_add_up(mydata, dana):
    told = mydata("auditor", "counts", "--as", dana, "--json").json()
    assert told["entries"] == told["size"] == sum(told["by_class"].values())
    assert sum(told["by_time"].values()) == told["size"]
    assert told["by_class"]["account_opened"] >= 3
    assert told["by_class"]["auditor_invited"] >= 1


def test_a_search_shows_only_what_was_asked_for(mydata, dana):
    told = mydata("auditor", "entries", "--as", dana, "--class", "auditor_invited", "--json").json()
    assert {one["payload"]["class"] for one in told["entries"]} == {"auditor_invited"}
    assert {one["payload"]["thing"] for one in told["entries"]} == {"auditor"}
    refused = mydata("auditor", "entries", "--as", dana, "--from", "yesterday")
    assert (refused.code, "from: takes a day" in refused.err) == (1, True)


def test_two_draw_the_same_sample_from_the_same_checkpoint(mydata, hub, dana):
    told = mydata("auditor", "sample", "--as", dana, "-n", "3", "--word", "pear", "--json").json()
    with log_client(hub.url) as client:
        source = HttpSource(client)
        key = VerifierKey.parse(source.get("key").decode())
        checkpoint = verify_checkpoint(source.get("checkpoint"), key)
    if checkpoint.root.hex() == told["root"]:  # nothing was added in between
        places = draw(seed_of(checkpoint, "pear"), checkpoint.size, 3)
        assert [one["index"] for one in told["entries"]] == places
    assert len({one["index"] for one in told["entries"]}) == 3


def test_an_export_holds_every_entry_twice_and_the_checkpoint_it_belongs_to(mydata, dana, tmp_path):
    folder = tmp_path / "export"
    told = mydata("auditor", "export", "--as", dana, "--out", str(folder), "--json").json()
    lines = [json.loads(line) for line in (folder / "entries.jsonl").read_text().splitlines()]
    assert [one["index"] for one in lines] == list(range(told["size"]))
    with (folder / "entries.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == [one["payload"]["class"] for one in lines]
    assert int((folder / "checkpoint").read_text().splitlines()[1]) == told["written"]
    again = mydata("auditor", "export", "--as", dana, "--out", str(folder))
    assert again.code == 2


def test_a_person_is_told_that_this_is_not_for_them(mydata, dana):
    refused = mydata("auditor", "counts", "--as", "Jiyoon")
    assert refused.code == 1
    assert "for somebody else" in refused.err


class Lying:
    """A hub that answers an auditor with something else than it has."""

    def __init__(self, hub, lie):
        self.hub, self.lie = hub, lie

    def get(self, path):
        page = self.hub.get(path)
        self.lie(page["entries"])
        return page


def altered(entries):
    entries[2]["payload"]["hour"] = "2020-01-01T00Z"


def swapped(entries):
    entries[0]["payload"], entries[1]["payload"] = entries[1]["payload"], entries[0]["payload"]
    entries[0]["salt"], entries[1]["salt"] = entries[1]["salt"], entries[0]["salt"]


LIES = {
    "an hour": (altered, "entry 2"),
    "one that is left out": (lambda entries: entries.pop(1), "entry 1"),
    "the last one left out": (lambda entries: entries.pop(), "entry "),
    "one for another": (swapped, "entry 0"),
    "a salt": (lambda entries: entries[3].update(salt="AAAA"), "entry 3"),
    "no payload": (lambda entries: entries[1].pop("payload"), "entry 1"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_hub_that_lies_to_an_auditor_is_found_out_and_the_entry_named(hub, dana, lie):
    tell, name = LIES[lie]
    with HubClient.open(hub.url) as client, log_client(hub.url) as plain:
        client.sign_in(Wallet(hub.data).load(dana, FIRST))
        reading = Reading.begin(Lying(client, tell), HttpSource(plain), None)
        with pytest.raises(NotProven) as refused:
            list(reading.every())
        assert refused.value.thing.startswith(name)
        honest = Reading.begin(client, HttpSource(plain), None)
        assert len(list(honest.every())) == honest.checkpoint.size
        assert list(honest.found(Search(kind="never_happened"))) == []


def test_a_leaf_that_is_not_the_logs_is_named_by_its_tile(hub, dana):
    class Forged(HttpSource):
        def get(self, name):
            content = super().get(name)
            if name.startswith("tile/entries"):
                return content[:50] + bytes([content[50] ^ 1]) + content[51:]
            return content

    with HubClient.open(hub.url) as client, httpx.Client(base_url=f"{hub.url}/log/") as plain:
        client.sign_in(Wallet(hub.data).load(dana, FIRST))
        reading = Reading.begin(client, Forged(plain), None)
        with pytest.raises(NotProven, match="not those of the log"):
            list(reading.every())
