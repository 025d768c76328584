"""Everything of a person from one served hub into another, by the command line, and compared."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import time
import zipfile

import pytest
import rfc8785
from fido2.webauthn import AttestedCredentialData
from mydata_hub.cli.client import HubClient
from mydata_hub.cli.stage import ServedHub, free_port, run
from mydata_hub.cli.wallet import FIRST, Wallet
from mydata_hub.collection.record import Provenance
from mydata_hub.consent.consent_record import DOMAIN

from tests.laptop.patience import eventually


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """Another hub, which knows nobody."""
    served = ServedHub(tmp_path_factory.mktemp("elsewhere") / "data", free_port())
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def mina(hub):
    """Somebody with a card and trips at the first hub, all of it collected."""
    data = ("--data", str(hub.data))
    assert run("person", "add", "Mina", "--locale", "en", *data).code == 0
    for provider in ("sample-card", "sample-mobility"):
        done = run("person", "connect", provider, "--as", "Mina", "--sample-person", "jiu", *data)
        assert done.code == 0, done.err
    until = time.monotonic() + 30
    while any(source["complete_until"] is None for source in look(hub, "Mina")["sources"]) or (
        len(look(hub, "Mina")["sources"]) < 2
    ):
        assert time.monotonic() < until
        time.sleep(0.2)
    return "Mina"


@pytest.fixture(scope="module")
def archive(hub, mina, tmp_path_factory):
    file = tmp_path_factory.mktemp("archive") / "mina.zip"
    done = run("export", "--as", mina, "--out", str(file), "--data", str(hub.data), "--json")
    assert done.code == 0, done.err
    assert done.json()["missing"] == []
    return file


def look(hub, name):
    with HubClient.open(hub.url) as client:
        client.sign_in(Wallet(hub.data).load(name, FIRST))
        return client.get("/today/state")


def activity(hub, name):
    return run("person", "activity", "--as", name, "--data", str(hub.data), "--json").json()


def lines(archive, family):
    with zipfile.ZipFile(archive) as opened:
        return [
            json.loads(line)
            for name in sorted(opened.namelist())
            if name.startswith(family)
            for line in opened.read(name).splitlines()
        ]


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_archive_verifies_without_any_hub_and_holds_what_was_collected(
    hub, mina, mydata, archive, tmp_path
):
    with HubClient.open(hub.url) as client:
        client.sign_in(Wallet(hub.data).load(mina, FIRST))
        collected = client.get("/sources/state")["sources"]
        key = client.http.get("/log/key").text.strip()
    told = run("archive", "verify", str(archive), "--key", key, "--json").json()
    assert told["records"] == sum(sum(one["records"].values()) for one in collected) > 2000
    assert told["entries"] >= told["proven"] > 5
    assert archive.stat().st_mode & 0o077 == 0
    wrong = run("archive", "verify", str(archive), "--key", key[:-4] + "AAA=")
    assert wrong.code == 1
    assert "log.key" in wrong.err or "entries-0001.jsonl" in wrong.err


def test_a_consent_in_the_archive_still_shows_what_its_passkey_signed(archive):
    consents = lines(archive, "consents")
    assert {one["grant"]["counterparty"] for one in consents} == {"sample-card", "sample-mobility"}
    for one in consents:
        record = rfc8785.dumps(one["record"])
        assert unpadded(one["grant"]["consent_hash"]) == hashlib.sha256(record).digest()
        wording = hashlib.sha256(one["wording"].encode()).digest()
        assert unpadded(one["record"]["wording_hash"]) == wording
        assert one["state_when_exported"] == "active"
        signed = json.loads(unpadded(one["grant"]["assertion"]))
        client_data, authenticator, signature = (
            unpadded(signed[name]) for name in ("clientDataJSON", "authenticatorData", "signature")
        )
        challenge = unpadded(json.loads(client_data)["challenge"])
        assert challenge == hashlib.sha256(DOMAIN + record).digest()
        passkey = AttestedCredentialData(unpadded(one["credential"])).public_key
        passkey.verify(authenticator + hashlib.sha256(client_data).digest(), signature)


def test_what_an_archive_brings_is_understood_as_it_was_and_allows_nothing(
    hub, elsewhere, mina, archive
):
    data = ("--data", str(elsewhere.data))
    assert run("person", "add", "Mina", "--locale", "en", *data).code == 0
    told = run("import", str(archive), "--as", "Mina", *data, "--json").json()
    count = len(lines(archive, "records/"))
    assert (told["records"], told["already"], told["folded"]) == (count, 0, True)
    there, here = look(hub, mina), look(elsewhere, "Mina")
    assert here["insights"] != []
    names = ("attribute", "answer", "sentence", "support", "complete_until")
    assert sum(one["answer"] is not None for one in here["insights"]) >= 3
    for one, other in zip(there["insights"], here["insights"], strict=True):
        assert [one[name] for name in names] == [other[name] for name in names]
    assert {one["origin"] for one in here["imports"]} == {hub.url}
    with HubClient.open(elsewhere.url) as client:
        client.sign_in(Wallet(elsewhere.data).load("Mina", FIRST))
        assert client.get("/grants/state")["grants"] == []
        assert client.get("/sources/state")["sources"] == []
    entries = eventually(
        lambda: activity(elsewhere, "Mina")["entries"],
        lambda entries: any(one["kind"] == "archive_imported" for one in entries),
    )
    assert hub.url in next(one["more"] for one in entries if one["kind"] == "archive_imported")
    again = run("import", str(archive), "--as", "Mina", *data, "--json").json()
    assert (again["records"], again["already"]) == (0, count)
    assert look(elsewhere, "Mina")["insights"] == here["insights"]


def test_what_comes_out_of_the_second_hub_is_what_came_in(elsewhere, archive, tmp_path):
    file = tmp_path / "again.zip"
    data = ("--data", str(elsewhere.data))
    assert run("export", "--as", "Mina", "--out", str(file), *data).code == 0
    facts = ("dataset", "source_id", "occurred_at", "amount_minor", "counterparty", "body", "state")

    def known(path):
        return sorted(
            json.dumps([one[name] for name in facts], sort_keys=True)
            for one in lines(path, "records/")
        )

    assert known(file) == known(archive)
    assert {one["provenance"] for one in lines(file, "records/")} == {Provenance.SELF_SUPPLIED}
    assert {one["provenance"] for one in lines(archive, "records/")} == {Provenance.COLLECTED}


def test_what_is_collected_here_already_is_not_brought_beside_it(hub, mina, archive):
    """The same person, who has connected the same provider with another account of the hub."""
    data = ("--data", str(hub.data))
    told = run("import", str(archive), "--as", mina, *data, "--json").json()
    assert told["records"] == 0
    assert told["already"] + told["collected_here"] == len(lines(archive, "records/"))
    kinds = eventually(
        lambda: [one["kind"] for one in activity(hub, mina)["entries"]],
        lambda kinds: "export_started" in kinds,
    )
    assert "export_started" in kinds
    assert "archive_imported" not in kinds


def test_a_changed_archive_is_refused_whole_and_nothing_of_it_is_there(
    elsewhere, archive, tmp_path
):
    data = ("--data", str(elsewhere.data))
    assert run("person", "add", "Sora", "--locale", "en", *data).code == 0
    bad = tmp_path / "bad.zip"
    name = "records/mobility.trips-0001.jsonl"
    with zipfile.ZipFile(archive) as opened, zipfile.ZipFile(bad, "w") as made:
        for info in opened.infolist():
            content = opened.read(info)
            if info.filename == name:
                content = content.replace(b"subway", b"subwax", 1)
            made.writestr(info, content)
    told = run("import", str(bad), "--as", "Sora", *data)
    assert told.code == 1
    assert f"bad.zip: {name}: has other bytes than the manifest says" in told.err
    assert "Traceback" not in told.err
    assert look(elsewhere, "Sora")["imports"] == []
    short = tmp_path / "short.zip"
    shutil.copy(archive, short)
    with short.open("r+b") as stream:
        stream.truncate(archive.stat().st_size - 100)
    told = run("import", str(short), "--as", "Sora", *data)
    assert told.code == 1
    assert "is cut short" in told.err


def test_no_archive_is_left_where_an_export_could_not_be_finished(hub, mina, tmp_path):
    data = ("--data", str(hub.data))
    told = run("export", "--as", mina, "--out", str(tmp_path / "no" / "a.zip"), *data)
    assert told.code == 1
    assert "cannot be written" in told.err
    (tmp_path / "a.zip.part").touch()
    told = run("export", "--as", mina, "--out", str(tmp_path / "a.zip"), *data)
    assert told.code == 1
    assert "remove it" in told.err
    assert not (tmp_path / "a.zip").exists()
