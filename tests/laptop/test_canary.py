"""A marked value goes into a vault, and is looked for in everything a full run leaves behind.

The run collects it, fails to read some of it, imports it, folds it, shows it to the person, answers
a partner from it and logs all that. It may be in two places only: what the person is shown, and
under seals.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import os
import secrets
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from mydata_hub.cli.client import HubClient
from mydata_hub.cli.laptop import laptop_deployment
from mydata_hub.cli.sources import connect_provider
from mydata_hub.cli.stage import mydata
from mydata_hub.cli.wallet import FIRST, Wallet
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.row_scan import rows_of_table

from tests.architecture.template import ROOT

WAIT_SECONDS = 40.0
ABOUT = ("family", "name", "base_url", "authorize_url", "org_code", "client_id")
STATEMENT = "거래일시,적요,보낸분/받는분,송금메모,출금액,입금액,거래후잔액\n"


@dataclass
class Run:
    """A full run and all that it left where somebody could look."""

    mark: str
    data: Path
    # Name of the place -> what is there, beside the files below `folder`.
    seen: dict[str, bytes] = field(default_factory=dict)
    shown_to_the_person: bytes = b""
    partner_learned: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.data.parent

    def places(self) -> Iterator[tuple[str, bytes]]:
        """Every file of the run, the databases and their journals included, and every output."""
        yield from self.seen.items()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(self.folder)), path.read_bytes()

    def findings(self) -> list[str]:
        """The places that hold the mark, in any of the ways in which a program writes it."""
        ways = writings(self.mark)
        return [
            place
            for place, content in self.places()
            if any(way in layer for layer in layers(content) for way in ways)
        ]


def writings(mark: str) -> set[bytes]:
    """The mark as texts, URLs, JSON, dumps and base64 at each of its three shifts have it."""
    plain = mark.encode()
    ways = {plain, mark.lower().encode(), plain.hex().encode(), mark.encode("utf-16-le")}
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + plain)
        # The letters at both ends depend on what stands beside the mark.
        ways.add(encoded[4 if shift else 0 : -4])
    return ways


def layers(content: bytes) -> Iterator[bytes]:
    """The bytes themselves and, where they are compressed as a whole, what is inside."""
    yield content
    for unpack in (zlib.decompress, gzip.decompress):
        with contextlib.suppress(OSError, EOFError, zlib.error):
            yield unpack(content)


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("canary")
    run = Run(mark=f"CANARY{secrets.token_hex(12).upper()}", data=folder / "data")
    (folder / "tmp").mkdir()
    with served(run) as (url, partners), marked_providers(url, run.mark) as providers:
        invoker = Invoker(laptop_deployment(run.data, url))
        for one in providers["providers"]:
            told = {name: one[name] for name in ABOUT} | {"client_secret": "the-hub-at-the-samples"}
            invoker.call("Receive", {"provider": {"provider_id": f"marked-{one['id']}", **told}})
        live(run, url, partners["bicycle"])
    return run


@contextlib.contextmanager
def served(run: Run) -> Iterator[tuple[str, dict[str, str]]]:
    """The hub in a process whose outputs and temporary files are kept to be searched."""
    logs = run.folder / "hub-stderr.log"
    command = [*mydata(), "serve", "--data", str(run.data), "--port", "0", "--json"]
    environment = os.environ | {"TMPDIR": str(run.folder / "tmp")}
    with logs.open("wb") as errors:
        hub = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment)
        assert hub.stdout
        try:
            about = json.loads(hub.stdout.readline())
            yield about["url"], about["partners"]
        finally:
            hub.terminate()
            run.seen["hub stdout"] = hub.communicate(timeout=20)[0]


@contextlib.contextmanager
def marked_providers(hub_url: str, mark: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.laptop.marked_providers", hub_url, mark]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdin
    assert child.stdout
    try:
        yield json.loads(child.stdout.readline())
    finally:
        child.stdin.close()
        child.wait(20)
        child.stdout.close()


def live(run: Run, url: str, bicycle: str) -> None:
    """Collect, import, understand, answer, withdraw; every answer but the person's own is kept."""
    command(run, "person", "add", "Jiu")
    passkey = Wallet(run.data).load("Jiu", FIRST)
    with HubClient.open(url) as jiu:
        jiu.sign_in(passkey)
        for family in ("card", "efin"):
            connect_provider(jiu, passkey, f"marked-{family}", "jiu")
        until(lambda: complete(jiu, "marked-card") and troubled(jiu, "marked-efin"))
        bring_statement(run)
        ask(run, bicycle)
        until(lambda: run.mark in json.dumps(jiu.get("/today/state")))
        run.shown_to_the_person = json.dumps(jiu.get("/today/state")).encode()
        for path in ("/sources/state", "/activity/state", "/grants/state", "/account/state"):
            run.seen[path] = json.dumps(jiu.get(path)).encode()
    with httpx.Client(base_url=url) as http:
        for path in ("/", "/catalogue", "/log/checkpoint", "/log/tile/entries/0.p/1"):
            run.seen[path] = http.get(path).content
    command(run, "log", "verify", "--url", url)
    command(run, "person", "activity", "--as", "Jiu")
    command(run, "person", "sources", "--as", "Jiu")
    command(run, "fsck")


def bring_statement(run: Run) -> None:
    """A statement with good lines, and one that cannot be read; both hold the mark."""
    path = run.folder.parent / f"{run.folder.name}-statement.csv"
    lines = [
        f'2025-{month:02d}-25 09:00:00,자동이체,{run.mark} 가스,,"42,300",,100000\n'
        for month in range(1, 13)
    ]
    broken = f"2025-02-30 01:00:00,이체,{run.mark},,{run.mark},,1\n"
    path.write_text(STATEMENT + "".join(lines) + broken)
    refused = command(run, "import", str(path), "--as", "Jiu", "--all-or-nothing", code=1)
    assert b"line 14" in refused
    command(run, "import", str(path), "--as", "Jiu", "--keep-good")
    path.unlink()


def ask(run: Run, bicycle: str) -> None:
    """The bicycle service asks and is answered, once in good order and once refused."""
    with httpx.Client(base_url=bicycle, headers={"accept": "application/json"}, timeout=30) as shop:
        begun = shop.post("/start", json={}).json()
        told = command(
            run, "person", "approve", begun["authorization_url"], "--as", "Jiu", "--json"
        )
        answered = shop.get(json.loads(told)["location"])
        run.partner_learned = answered.json()
        run.seen["the partner's answers"] = answered.content
        wrong = {"visit": begun["visit"], "claims": [run.mark.lower()]}
        assert shop.post("/ask", json=wrong).json()["status"] == 403


def command(run: Run, *words: str, code: int = 0) -> bytes:
    """A command of its own process, whose output is kept under its first words."""
    whole = [*mydata(), *words]
    if words[:2] != ("log", "verify"):
        whole += ["--data", str(run.data)]
    environment = os.environ | {"TMPDIR": str(run.folder / "tmp")}
    told = subprocess.run(whole, capture_output=True, env=environment, timeout=60, check=False)
    assert told.returncode == code, told.stderr
    run.seen[f"mydata {' '.join(words[:2])} #{len(run.seen)}"] = told.stdout + told.stderr
    return told.stdout + told.stderr


def complete(jiu: HubClient, provider: str) -> bool:
    return source(jiu, provider)["complete_at"] is not None


def troubled(jiu: HubClient, provider: str) -> bool:
    """What the provider tells cannot be read, and the hub has noticed."""
    return bool(source(jiu, provider)["trouble"])


def source(jiu: HubClient, provider: str) -> dict[str, Any]:
    sources = jiu.get("/sources/state")["sources"]
    return next(one for one in sources if one["provider_id"] == provider)


def until(seen: Any) -> None:
    begun = time.monotonic()
    while not seen():
        assert time.monotonic() - begun < WAIT_SECONDS
        time.sleep(0.2)


def test_the_person_is_shown_what_is_marked(finished_run):
    """Otherwise the mark never arrived, and not finding it would mean nothing."""
    assert finished_run.mark.encode() in finished_run.shown_to_the_person
    assert finished_run.partner_learned["answers"]


def test_a_marked_value_is_nowhere_outside_the_seals(finished_run):
    places = dict(finished_run.places())
    # The places that a leak would be in were really there to be searched.
    assert {"hub-stderr.log", "data/hub.sqlite3", "hub stdout"} <= set(places)
    assert any(name.startswith("data/blobs/SegmentsBucket/") for name in places)
    assert any(name.startswith("data/blobs/TilesBucket/") for name in places)
    assert finished_run.findings() == []


def test_no_row_of_the_log_says_whom_it_is_about(finished_run):
    """Once everything has its place, and in between: neither in the clear nor as what is found."""
    (account,) = accounts_of(finished_run.data)
    for table in ("EventsTable", "LogBooksTable", "LogPublicTable", "LogTable"):
        rows = [row for _label, row in rows_of_table(finished_run.data, table)]
        assert rows, table
        assert not any(account in repr(row) for row in rows), table
    events = [row for _label, row in rows_of_table(finished_run.data, "EventsTable")]
    assert any("sealed" in row.values for row in events)
    assert not any({"personal", "subject"} & row.values.keys() for row in events)


def accounts_of(data: Path) -> set[str]:
    """Whose log keys there are, beside the hub's own and the intake's."""
    names = {row.key.partition for _label, row in rows_of_table(data, "LogKeysTable")}
    return names - {"intake", "hub"}


@pytest.mark.parametrize(
    "plant",
    [
        lambda mark: f"an error: {mark}".encode(),
        lambda mark: base64.b64encode(f"..{mark}".encode()),
        lambda mark: mark.encode().hex().encode(),
        lambda mark: zlib.compress(json.dumps({"counterparty": mark}).encode()),
    ],
)
def test_a_marked_value_that_leaked_would_be_found(finished_run, plant):
    leak = finished_run.folder / "tmp" / "leak"
    leak.write_bytes(plant(finished_run.mark))
    try:
        assert finished_run.findings() == ["tmp/leak"]
    finally:
        leak.unlink()
