"""Kill couriers while they tell partners that grants have ended, and see who was told what.

    python -m tests.faults.killed_courier FOLDER GRANTS SEED

A partner in this process answers the couriers, which are forked, one at a time. At each call it
kills its courier before it read the event, after that, or after it answered, or leaves it alive.
Prints {"kills": {moment: n}, "grants": n, "heard": {grant: [jti, ...]}, "states": [...],
"waiting": n}.
"""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import socket
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mydata_hub.accounts.desk import Desk
from mydata_hub.consent.deliveries import (
    Delivery,
    InitiatedBy,
    delivery_message,
    fetch_deliveries,
    put_delivery,
)
from mydata_hub.courier.calling import Caller
from mydata_hub.courier.telling import TRY_TAKES_AT_MOST, Courier, Round
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.fields import ClientId, GroupId, Purpose
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.clients import Client, register_client
from mydata_hub.oauth.security_events import GRANT_ENDED
from mydata_hub.ports.clock import SetClock, SystemEntropy
from mydata_hub.ports.messages import due_messages, send

BEGUN = datetime(2026, 11, 24, 9, tzinfo=UTC)
NAMES = {name: name for name in ("outbox", "clients", "deliveries", "events")}
MOMENTS = ("before it read", "after it read", "after it answered", "not at all")


def main(folder: Path, grants: int, seed: int) -> None:
    chance, kills = random.Random(seed), Counter[str]()
    names = [f"grant-{number}" for number in range(grants)]
    heard: dict[str, list[str]] = defaultdict(list)
    with socket.create_server(("127.0.0.1", 0)) as partner:
        _end_grants(folder, names, f"http://127.0.0.1:{partner.getsockname()[1]}/")
        generation = 0
        while _waiting(folder, generation):
            courier = _fork_courier(folder, generation)
            killed = _answer_until_gone(partner, courier, chance, heard)
            kills[killed] += 1
            generation += 1
    tables = SqliteTables(folder, NAMES, SetClock(BEGUN))
    states = {one.state.value for one in fetch_deliveries(tables, names).values()}
    waiting = _waiting(folder, generation)
    told = {"kills": kills, "grants": grants, "heard": heard}
    json.dump({**told, "states": sorted(states), "waiting": waiting}, sys.stdout)


def _end_grants(folder: Path, names: list[str], address: str) -> None:
    tables = SqliteTables(folder, NAMES, SetClock(BEGUN))
    LocalSigner(folder, "events", "ES256")
    # The public key of RFC 8037 appendix A.2; nobody signs with it here.
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    client = Client(
        client_id=ClientId("bicycles"),
        name="Bicycles",
        jwks=json.dumps({"keys": [key]}),
        redirect_uris=("https://bicycles.example/",),
        group=GroupId("bicycles"),
        purposes=(Purpose("mobility_service"),),
        event_endpoint=address,
    )
    clock, entropy = SetClock(BEGUN), SystemEntropy()
    desk = Desk(tables=tables, clock=clock, entropy=entropy, issuer="http://localhost:1")
    register_client(desk, client)
    for name in names:
        news = Delivery(
            grant_id=name,  # type: ignore[arg-type]
            client_id=client.client_id,
            event_id=f"event-of-{name}",
            initiated_by=InitiatedBy.PERSON,
            due_at=BEGUN,
        )
        tables.commit(put_delivery(news), send(delivery_message(news, news.due_at)))
    tables.close()


def _waiting(folder: Path, generation: int) -> int:
    clock = _clock(generation)
    tables = SqliteTables(folder, NAMES, clock)
    count = sum(1 for _ in due_messages(tables, clock.now() + timedelta(days=3)))
    tables.close()
    return count


def _clock(generation: int) -> SetClock:
    # Each courier comes when the try of the one before must be over.
    return SetClock(BEGUN + TRY_TAKES_AT_MOST * generation)


def _fork_courier(folder: Path, generation: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        clock = _clock(generation)
        tables = SqliteTables(folder, NAMES, clock)
        courier = Courier(
            tables=tables,
            entropy=SystemEntropy(),
            keys=SigningKeys(LocalSigner(folder, "events", "ES256")),
            caller=Caller(loopback_allowed=True),
            issuer="http://localhost:8787",
        )
        for message in list(due_messages(tables, clock.now())):
            courier.tell_partner(message, clock.now(), Round())
        tables.close()
        status = 0
    finally:
        os._exit(status)


def _answer_until_gone(
    partner: socket.socket, courier: int, chance: random.Random, heard: dict[str, list[str]]
) -> str:
    """Answer one courier until it is killed or done: which of the two."""
    partner.settimeout(0.02)
    while True:
        try:
            call, _ = partner.accept()
        except TimeoutError:
            if os.waitpid(courier, os.WNOHANG)[0]:
                return "done"
            continue
        with call:
            moment = chance.choice(MOMENTS)
            if moment == MOMENTS[0]:
                return _kill(courier, moment)
            name, jti = _read_event(call)
            heard[name].append(jti)
            if moment == MOMENTS[1]:
                return _kill(courier, moment)
            call.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
            if moment == MOMENTS[2]:
                return _kill(courier, moment)


def _kill(courier: int, moment: str) -> str:
    os.kill(courier, signal.SIGKILL)
    os.waitpid(courier, 0)
    return moment


def _read_event(call: socket.socket) -> tuple[str, str]:
    told = b""
    while b"\r\n\r\n" not in told:
        told += call.recv(65536)
    head, _, body = told.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += call.recv(65536)
    encoded = body.split(b".")[1]
    claims = json.loads(base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
    return str(claims["events"][GRANT_ENDED]["grant_id"]), str(claims["jti"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
