"""Kill a served hub again and again while it collects from a provider, then let it come to its end.

    python -m tests.faults.killed_collections FOLDER KILLS SEED

Prints {"kills", "wanted", "pages_at_kills", "announced", "different", "counted", "complete"}:
records that were announced, how many different ones, and how many the log's events tell of.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mydata_hub.accounts import ceremonies
from mydata_hub.accounts.desk import Desk
from mydata_hub.cli.laptop import environment_of, laptop_deployment
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.collection.connecting import depart, prepare_connection
from mydata_hub.collection.connections import Link, list_links
from mydata_hub.collection.provider_http import exchange_code
from mydata_hub.collection.providers import fetch_provider
from mydata_hub.collection.receiving import Note, Reception, receive
from mydata_hub.collection.registering import register_provider
from mydata_hub.config import CollectSettings, ConsentSettings, ReceiveSettings
from mydata_hub.embedded.deployment import Deployment
from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.gateway import Gateway
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.server import listen_on_loopback, serve_until_told
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.embedded.worker import Worker
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.vault.segment_opening import open_segment, read_segment, trust
from mydata_hub.vault.segments import blob_name
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault_config import FoldRecordsSettings
from mydata_hub.wiring import blobs_for, intake_box_for, keys_for, signer_for, tables_for

from tests.unit.personal_log.own_entries import events_about, sequence_log

WANTED = 20_000
ROWS = 50
PAGE_SECONDS = 0.005
# A life ends by what the hub has asked for and not by the clock: however fast or busy the machine,
# the kills are over before the 400 pages are.
LIFE_PAGES = (0, 12)
DEATH_SECONDS = (0.0, 0.012)
LONGEST_LIFE_SECONDS = 20.0
ISSUER = "http://localhost:8787"
LAST_SECONDS = 90.0


class CardCompany(BaseHTTPRequestHandler):
    """One card with WANTED payments; a page takes a moment, as pages do.

    A letter in the pipe `asked` tells of each page that a hub asks for.
    """

    asked: int

    def handle(self) -> None:
        with suppress(ConnectionError):  # the hub was killed while it read our page
            super().handle()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._tell(access_token="access", refresh_token="refresh", user_ci="CI-of-jiu")

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        time.sleep(PAGE_SECONDS)
        if parts.path == "/v1/card/cards":
            self._tell(card_list=[{"card_id": "card-1", "is_consent": True}], card_cnt=1)
        elif parts.path == "/v1/card/cards/bills":
            self._tell(bill_cnt=0)
        else:
            os.write(self.asked, b".")
            since = int(parse_qs(parts.query).get("next_page", ["0"])[0])
            until = min(since + ROWS, WANTED)
            rows = [_approval(number) for number in range(since, until)]
            following = str(until) if until < WANTED else ""
            self._tell(approved_list=rows, approved_cnt=len(rows), next_page=following)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _tell(self, **members: Any) -> None:
        body = json.dumps({"rsp_code": "00000", "rsp_msg": "ok", **members}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _approval(number: int) -> dict[str, Any]:
    day, minute = divmod(number, 1440)
    return {
        "approved_num": f"{number:08d}",
        "approved_dtime": f"202608{day + 1:02d}{minute // 60:02d}{minute % 60:02d}00",
        "status": "01",
        "pay_type": "02",
        "merchant_name": "샘플 가게",
        "approved_amt": 4500,
    }


def main(folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    # Parsed once; a child then has what `mydata serve` has after it read the template. The sweep
    # is left out: it holds its lease for a minute after a kill, and 50 of those would take an hour.
    whole = laptop_deployment(folder, ISSUER)
    collect = "Collect"
    light = replace(
        whole,
        functions={collect: whole.functions[collect]},
        routes=(),
        schedules=(),
        streams=tuple(link for link in whole.streams if link.function == collect),
    )
    with _company() as (url, asked):
        _in_child(lambda: _connect(folder, whole, url))
        pages: list[int] = []
        for _ in range(kills):
            _live(light, folder, asked, chance)
            pages.append(_ask(lambda: _pages(whole)))
        last = _serve_in_child(light, folder)
        until = time.monotonic() + LAST_SECONDS
        while not _ask(lambda: _complete(whole)) and time.monotonic() < until:
            time.sleep(0.2)
        os.kill(last, signal.SIGKILL)
        os.waitpid(last, 0)
    told = _ask(lambda: _counted(whole))
    json.dump({"kills": kills, "wanted": WANTED, "pages_at_kills": pages, **told}, sys.stdout)


@contextmanager
def _company() -> Iterator[tuple[str, int]]:
    """Its address, and the end of a pipe that tells of each page it is asked for."""
    asked, CardCompany.asked = os.pipe()
    server = ThreadingHTTPServer(("127.0.0.1", 0), CardCompany)
    pid = os.fork()
    if pid == 0:
        server.serve_forever()
    url = f"http://127.0.0.1:{server.server_port}"
    server.server_close()
    try:
        yield url, asked
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _connect(folder: Path, whole: Deployment, url: str) -> None:
    """Everything before the first page: an account, its vault, a provider, a signed consent."""
    clock, entropy = SystemClock(), SystemEntropy()
    sequence_log(whole)
    names = {name.removesuffix("Table").lower(): name for name in whole.tables}
    names["vault_public"] = "VaultPublicTable"
    tables = SqliteTables(folder, names, clock)
    desk = Desk(tables=tables, clock=clock, entropy=entropy, issuer=ISSUER, software_passkeys=True)
    passkey = SoftwarePasskey.make()
    begun = ceremonies.begin_sign_up(desk, "Jiu", "ko")
    made = passkey.create(begun.options, ISSUER)
    session = ceremonies.finish_sign_up(desk, begun.ceremony, made, "laptop").session
    vault = FoldRecordsSettings.read(environment_of(whole, "fold_records"))
    keys = VaultKeys(tables, keys_for(vault, vault.vault_key), clock)
    keys.create_vault(session.account_id, entropy)
    box = intake_box_for(ReceiveSettings.read(environment_of(whole, "receive")))
    register_provider(
        tables,
        box,
        {
            "provider_id": "card",
            "family": "card",
            "name": {"ko": "카드", "en": "Card"},
            "base_url": url,
            "authorize_url": f"{url}/oauth/2.0/authorize",
            "org_code": "CARD",
            "client_id": "hub",
            "client_secret": "secret",
        },
        clock,
        entropy,
    )
    provider = fetch_provider(tables, "card")
    prepared = prepare_connection(
        desk, session, provider, ["card.approvals", "card.bills"], locale="ko", wording="모아요"
    )
    signed = passkey.get(prepared.options, ISSUER)
    departure = depart(desk, session, prepared.approval, signed)
    state = parse_qs(urlsplit(departure.location).query)["state"][0]
    reception = Reception(
        tables=tables,
        clock=clock,
        entropy=entropy,
        box=box,
        issuer=ISSUER,
        exchange=exchange_code,
    )
    # The feed must know its reader before the message is written.
    SqliteFeed(folder).declare({link.name: link.table for link in _links(whole)})
    note = receive(reception, "card", {"state": state, "code": "code"}, departure.binding)
    assert note is Note.CONNECTED


def _links(whole: Deployment) -> Iterator[Any]:
    return (link for link in whole.streams if link.function == "Collect")


def _live(light: Deployment, folder: Path, asked: int, chance: random.Random) -> None:
    """A hub that is killed at some moment of, or soon after, some page."""
    pages = chance.randint(*LIFE_PAGES)
    until = time.monotonic() + LONGEST_LIFE_SECONDS
    pid = _serve_in_child(light, folder)
    while pages > 0 and select.select([asked], [], [], max(0.0, until - time.monotonic()))[0]:
        pages -= len(os.read(asked, pages))
    time.sleep(chance.uniform(*DEATH_SECONDS))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _serve_in_child(light: Deployment, folder: Path) -> int:
    """A hub in a process of its own; returns when it answers."""
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            invoker = Invoker(light)
            worker = Worker(light, invoker, SqliteFeed(folder))
            gateway = Gateway(light, invoker, ISSUER, on_change=worker.wake)
            worker.start()
            serve_until_told(gateway, listen_on_loopback(0), lambda: os.write(told, b"."))
        finally:
            os._exit(1)
    os.close(told)
    os.read(ready, 1)
    os.close(ready)
    return pid


def _in_child(act: Callable[[], None]) -> None:
    """In a process of its own: a fork must not inherit an open database."""
    _ask(act)


def _ask(act: Callable[[], Any]) -> Any:
    answer, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(answer)
            with os.fdopen(told, "w") as pipe:
                json.dump(act(), pipe)
            os._exit(0)
        except BaseException:  # noqa: BLE001 (a child must not go on as its parent)
            import traceback

            traceback.print_exc()
            os._exit(1)
    os.close(told)
    with os.fdopen(answer) as pipe:
        said = pipe.read()
    assert os.waitpid(pid, 0)[1] == 0
    return json.loads(said)


def _consent(whole: Deployment) -> ConsentSettings:
    return ConsentSettings.read(environment_of(whole, "consent"))


def _link(whole: Deployment) -> Link:
    tables = tables_for(_consent(whole))
    keys = tables.find_keys("grants", "client", "card").keys
    (row,) = tables.fetch_many(*keys).values()
    from mydata_hub.consent.grants import read_grant

    (link,) = list_links(tables, read_grant(row).subject)
    return link


def _pages(whole: Deployment) -> int:
    return _link(whole).records.get("card.approvals", 0)


def _complete(whole: Deployment) -> bool:
    return _link(whole).complete_at is not None


def _counted(whole: Deployment) -> dict[str, Any]:
    """What the vault would open, and what the events tell."""
    link = _link(whole)
    settings = FoldRecordsSettings.read(environment_of(whole, "fold_records"))
    tables, blobs = tables_for(settings), blobs_for(settings, settings.segments_bucket)
    vaults = VaultKeys(tables, keys_for(settings, settings.vault_key), SystemClock())
    secret = vaults.records_secret(link.account_id)
    intake = CollectSettings.read(environment_of(whole, "collect"))
    signer = signer_for(intake, intake.collector_key, "ES256")
    trusted = trust([(signer.public_key(), "collected")])
    ids: list[str] = []
    after = None
    while True:
        page = tables.query("segments", link.account_id, after=after)
        for row in page.rows:
            name = blob_name(row.key.partition, row.key.sort, row.values["segment_version"])
            records = open_segment(read_segment(blobs.get(name), row), secret, trusted)
            ids += [json.loads(record)["record_id"] for record in records]
        after = page.after
        if after is None:
            break
    return {
        "announced": len(ids),
        "different": len(set(ids)),
        "counted": _told_by_events(whole, link),
        "complete": link.complete_at is not None and link.complete_at <= datetime.now(UTC),
    }


def _told_by_events(whole: Deployment, link: Link) -> int:
    return sum(
        json.loads(event.payload)["records"]
        for event in events_about(whole, link.account_id)
        if event.kind == "records_collected"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
