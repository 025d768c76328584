"""What a connection goes through over the deployed functions: signed, made, collected, ended."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import uvicorn
from mydata_hub.embedded.server import listen_on_loopback, server_config
from mydata_hub.samples.facts import KST
from mydata_hub.samples.providers import CLIENT_ID, Providers
from mydata_hub.samples.tokens import Tokens
from mydata_hub.samples.world import World

from tests.architecture.cloud import ISSUER, Cloud
from tests.architecture.vault_way import told
from tests.unit.web.conftest import Browser
from tests.unit.web.partners import ok

if TYPE_CHECKING:
    from tests.architecture.test_roles_in_use import DeployedHub

SWEEP = {"sweep": True}
SECRET = "the-hub-at-the-samples"


def go_the_way_of_collection(hub: DeployedHub, cloud: Cloud, jiu: Browser) -> None:
    """By the stream, once more by the stream, and by the sweep; connected, ended, and anew."""
    with sample_providers() as samples:
        for family in ("card", "insurer", "card"):
            register(cloud, samples, family)
        connect(jiu, "card")
        records = told(cloud, "OutboxTable")
        # The provider's token is over, so intake renews it and keeps the new one.
        samples.tokens.expire("card", "jiu")
        for _ in range(2):
            assert not cloud.invoke("collect", {"Records": records})["batchItemFailures"]
        assert source(jiu, "card")["complete_at"]
        # Nothing tells intake of this one but the sweep.
        connect(jiu, "insurer")
        cloud.invoke("collect", SWEEP)
        assert source(jiu, "insurer")["complete_at"]
        # Ended and at once begun anew, before intake has heard of the end.
        withdraw(jiu, "card")
        connect(jiu, "card", ["card.bills"])
        withdraw(jiu, "insurer")
        cloud.invoke("collect", SWEEP)
        assert source(jiu, "insurer")["way"] == "ended"
        assert source(jiu, "card")["datasets"] == ["card.bills"]
    assert jiu.get("/sources").status == 200
    assert jiu.get("/activity").status == 200
    cloud.invoke("sequence_log", SWEEP)
    # The newest page may have but one entry on it.
    latest = ok(jiu.get("/activity/state"), 200)
    earlier = {**jiu.event("GET", "/activity/state"), "rawQueryString": f"after={latest['after']}"}
    said = [*latest["entries"], *ok(jiu.send(earlier), 200)["entries"]]
    assert {"connection_made", "records_collected"} <= {entry["kind"] for entry in said}


def register(cloud: Cloud, samples: Providers, family: str) -> None:
    """As an operator does: an invocation, and no request."""
    (about,) = [one for one in samples.about() if one["family"] == family]
    wanted = ("family", "name", "base_url", "authorize_url", "org_code", "client_id")
    provider = {name: about[name] for name in wanted}
    provider |= {"provider_id": family, "client_secret": SECRET}
    assert cloud.invoke("receive", {"provider": provider}) == {"provider_id": family}


def connect(jiu: Browser, family: str, datasets: list[str] | None = None) -> None:
    """What the page does, the provider's form, and the way back."""
    state = json.loads(jiu.get("/sources/state").body)
    (sheet,) = [one for one in state["providers"] if one["provider_id"] == family]
    choice = {
        "provider_id": family,
        "items": datasets or [one["id"] for one in sheet["datasets"]],
        "locale": state["locale"],
        "wording_hash": sheet["wording_hash"],
    }
    prepared = jiu.post("/sources/prepare", choice)
    assert prepared.status == 201, prepared.body
    signed = {
        "approval": prepared.json()["approval"],
        "credential": jiu.passkey.get(prepared.json()["publicKey"], ISSUER),
    }
    departed = jiu.post("/sources/approve", signed)
    assert departed.status == 200, departed.body
    with httpx.Client() as http:
        wanted = {"accept": "application/json"}
        form = http.get(departed.json()["location"], headers=wanted).json()
        choice = {**form["fields"], "person": "jiu", "decision": "allow"}
        back = urlsplit(http.post(form["action"], data=choice, headers=wanted).json()["location"])
    event = jiu.event("GET", back.path) | {"rawQueryString": back.query}
    assert jiu.send(event).headers["location"] == "/sources?note=connected"


def withdraw(jiu: Browser, family: str) -> None:
    reply = jiu.post(f"/grants/{source(jiu, family)['grant_id']}/withdraw")
    assert reply.status == 200, reply.body


def source(jiu: Browser, family: str) -> dict[str, Any]:
    """A source as the person sees it."""
    state = json.loads(jiu.get("/sources/state").body)
    return next(one for one in state["sources"] if one["provider_id"] == family)


@contextmanager
def sample_providers() -> Iterator[Providers]:
    """The sample providers in a thread: moto answers for AWS and lets loopback through."""
    sockets = listen_on_loopback(0)
    providers = Providers(
        url=f"http://127.0.0.1:{sockets[0].getsockname()[1]}",
        hub=ISSUER,
        client_secret=SECRET,
        admin_token="admin",
        world=World(datetime.now(KST).replace(microsecond=0)),
        tokens=Tokens(SECRET, 300.0),
    )
    assert {one["client_id"] for one in providers.about()} == {CLIENT_ID}
    server = uvicorn.Server(server_config(providers.app()))
    thread = threading.Thread(target=server.run, args=(sockets,))
    thread.start()
    try:
        yield providers
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
