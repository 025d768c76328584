"""People of a served hub and the partners that attack them, over HTTP and nothing else.

Accounts, consents, tokens, proofs and questions go through the hub's own addresses, as everybody's
do. Only lives are put into the vaults directly, as `fold_records` would leave them: collecting 80
days of them through a provider, for each of hundreds of people, shows nothing about answers.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import urlencode

import httpx
from mydata_hub.cli.laptop import environment_of, laptop_deployment
from mydata_hub.cli.stage import free_port
from mydata_hub.errors import Conflict
from mydata_hub.fields import VaultId
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.oauth.call import Call
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.release.ledger import UNITS
from mydata_hub.release.ledger_rows import ledger_key, read_ledger, read_total, total_key
from mydata_hub.vault.manifest import read_manifest, vault_row
from mydata_hub.vault.profiles import seal_profile, write_vault
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault_config import AnswerSettings, FoldRecordsSettings
from mydata_hub.wiring import keys_for, tables_for

from tests.unit.insights.lives import NOW
from tests.unit.release.attack_world import FOR_OFFERS, GROUP, LIVES, Person, cells_of, life
from tests.unit.web.conftest import Browser
from tests.unit.web.partners import HttpPartner, approve

TRIES = 20  # of writing a vault beside the hub
PATIENCE_SECONDS = 60
# An access token lives 300 s; it is renewed while it has a minute left.
TOKEN_SECONDS = 240
NOT_RELEASED = "not-released:"


class ServedHub:
    """A hub in a process of its own, seen through HTTP by whoever sends events of API Gateway."""

    def __init__(self, folder, at: datetime = NOW) -> None:
        self.data = folder / "data"
        self.issuer = f"http://localhost:{free_port()}"
        port = self.issuer.rpartition(":")[2]
        served = ("--data", str(self.data), "--port", port, "--empty")
        with (folder / "hub.log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.adversary.hub_in_time", at.isoformat(), *served],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert json.loads(self.process.stdout.readline())["url"] == self.issuer
        # Its clock began when it did, and how long a busy machine takes to start it nobody knows.
        self.advance(timedelta(0))
        everybody = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        self.http = httpx.Client(base_url=self.issuer, timeout=60, limits=everybody)
        self.deployment = laptop_deployment(self.data, self.issuer)

    def stop(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.communicate(timeout=30)

    @property
    def desk(self):
        return self

    @property
    def now(self) -> datetime:
        """What the hub's clock says, but for the time that passed on the way."""
        return self.at + (datetime.now(UTC) - self.read_at)

    def advance(self, span: timedelta) -> None:
        self.process.stdin.write(f"{span.total_seconds()}\n")
        self.process.stdin.flush()
        self.at = datetime.fromtimestamp(float(self.process.stdout.readline()), UTC)
        self.read_at = datetime.now(UTC)

    def handler(self, event, _context):
        """What API Gateway's event becomes on the wire, and what came back."""
        headers = [(name, value.encode()) for name, value in event["headers"].items()]
        headers += [("cookie", "; ".join(event["cookies"]))] if event.get("cookies") else []
        self.http.cookies.clear()
        reply = self.http.request(
            event["requestContext"]["http"]["method"],
            event["rawPath"] + (f"?{event['rawQueryString']}" if event["rawQueryString"] else ""),
            headers=headers,
            content=event["body"].encode(),
        )
        return {
            "statusCode": reply.status_code,
            "headers": {name.lower(): value for name, value in reply.headers.items()},
            "cookies": reply.headers.get_list("set-cookie"),
            "body": reply.text,
        }


@dataclass
class Allowed:
    """A grant as the partner has it, with the tokens that it got for it."""

    partner: Adversary
    grant_id: str
    refresh_token: str
    token: str
    renewed_at: datetime


class Adversary(HttpPartner):
    """A registered partner, whose requests may be refused."""

    @property
    def now(self) -> int:
        return int(self.hub.now.timestamp())

    def call_hub(self, call: Call):
        """Status, document and headers of whatever the hub answers."""
        event = {
            "rawPath": call.path,
            "rawQueryString": call.query,
            "headers": dict(call.headers),
            "requestContext": {"http": {"method": call.method}},
            "body": call.body.decode(),
        }
        raw = self.hub.handler(event, None)
        self.nonce = raw["headers"].get("dpop-nonce", getattr(self, "nonce", None))
        return raw

    def push(self, details) -> dict | None:
        """A pushed request's answer, or None where the hub refuses it."""
        form = self.request(authorization_details=json.dumps([details]))
        raw = self.call_hub(self.call("/oauth/par", form))
        return json.loads(raw["body"]) if raw["statusCode"] == 201 else None

    def get_tokens(self, **form) -> dict | None:
        """Tokens for a code or a refresh token, or None where the hub refuses."""
        for _ in range(2):
            proof = self.proof(nonce=getattr(self, "nonce", None))
            raw = self.call_hub(self.call("/oauth/token", form, dpop=proof))
            body = json.loads(raw["body"])
            if body.get("error") != "use_dpop_nonce":
                return body if raw["statusCode"] == 200 else None
        return None


@dataclass
class ServedTown:
    """The town of `attack_world`, of a served hub."""

    hub: ServedHub
    random: Random = field(default_factory=lambda: Random(1))
    partners: dict = field(default_factory=dict)
    browsers: dict = field(default_factory=dict)
    proofs: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = FoldRecordsSettings.read(environment_of(self.hub.deployment, "fold_records"))
        self.vaults = tables_for(settings)
        answering = AnswerSettings.read(environment_of(self.hub.deployment, "answer"))
        self.ledgers = tables_for(answering)
        self.keys = VaultKeys(self.vaults, keys_for(settings, settings.vault_key), SystemClock())

    @property
    def now(self) -> datetime:
        return self.hub.now

    def advance(self, span: timedelta) -> None:
        """Time only goes on here: what attacks set back stays where it is."""
        self.hub.advance(max(span, timedelta(0)))

    def person(self) -> Person:
        """Somebody who signed up, with one of the lives as of today."""
        browser = Browser(self.hub)
        signed_up = browser.sign_up(f"person {len(self.browsers)}")
        assert signed_up.status == 201, signed_up.body
        vault = browser.state()["account_id"]
        self.browsers[vault] = browser
        lived_until = self.now
        records = life(Random(self.random.randrange(LIVES)), lived_until)
        self.keys.create_vault(vault, SystemEntropy())
        for _ in range(TRIES):  # the hub itself writes the same row when it opens the vault
            with suppress(Conflict):
                return Person(vault, cells_of(self._fill(vault, records, lived_until), lived_until))
        raise AssertionError("the hub keeps writing this vault")

    def _fill(self, vault: VaultId, records, at: datetime):
        profile = advance_profile(new_profile(vault), records, {"connection-1": at}, 0)
        row = self.vaults.fetch_many(vault_row(vault))[vault_row(vault)]
        manifest, version = read_manifest(vault, row), row.values["profile_version"] + 1
        secret = self.keys.profile_secret(vault)
        sealed = seal_profile(profile.encode(), version, manifest, secret, SystemEntropy())
        records_secret = self.keys.records_secret(vault)
        self.vaults.commit(write_vault(row, manifest, records_secret, version, sealed))
        return profile

    def client(self, name="bicycles", group=GROUP, purposes=("personal_offers",)) -> Adversary:
        """The partner of that name, registered when it is first needed."""
        key = (name, purposes)
        if key not in self.partners:
            client_id = name if purposes == ("personal_offers",) else f"{name}-{len(purposes)}"
            self.partners[key] = Adversary(
                self.hub,
                environment_of(self.hub.deployment, "authorize"),
                client_id=client_id,
                group=group,
                purposes=purposes,
            )
        return self.partners[key]

    def allow(self, person, client, items=FOR_OFFERS, **changes) -> Allowed:
        """A grant as a signed consent leaves it, and the tokens for it."""
        allowed = self._ask(person, client, items, **changes)
        assert allowed is not None
        return allowed

    def allow_all_it_can(self, person, client, items) -> Allowed:
        """What may not be asked for together is refused; then what may be is."""
        assert self._ask(person, client, items) is None
        return self.allow(person, client)

    def _ask(self, person, client, items, purpose="personal_offers", expires_at=None, max_bits=16):
        ends = expires_at or self.now + timedelta(days=180 if "quote" in purpose else 300)
        details = {
            "type": "mydata_claims",
            "claims": [ref.partition("@")[0] for ref in items],
            "purpose": purpose,
            "max_bits": max_bits,
            "frequency": {"unit": "month", "count": 60},
            "expires_at": ends.isoformat(),
        }
        pushed = client.push(details)
        if pushed is None:
            return None
        named = {"client_id": client.client_id, "request_uri": pushed["request_uri"]}
        browser = self.browsers[person.vault]
        if browser.get("/account/state", accept="application/json").status == 401:
            browser.cookies, browser.csrf = {}, ""
            assert browser.sign_in().status == 200  # the session of another day is over
        tokens = client.get_tokens(
            grant_type="authorization_code",
            code=approve(browser, urlencode(named)),
            redirect_uri=client.request()["redirect_uri"],
            code_verifier=client.verifier,
        )
        return Allowed(
            client, tokens["grant_id"], tokens["refresh_token"], tokens["access_token"], self.now
        )

    def withdraw_again(self, person, client) -> Allowed:
        """A grant of a second consent, which the person has withdrawn."""
        grant = self.allow(person, client)
        ended = self.browsers[person.vault].post(f"/grants/{grant.grant_id}/withdraw", {})
        assert ended.status == 200, ended.body
        return grant

    def attack(self, seen, person, grant, *claims, client, key=None, proof=None, anew=False):
        """One call of an adversary: the symbols it got, and what it saw otherwise."""
        self._renew(grant)
        key = key or secrets.token_hex(16)
        patient_until = time.monotonic() + PATIENCE_SECONDS
        asked = {"claims": list(claims), **({"anew": True} if anew else {})}
        while True:
            made = client.proof("POST", "/claims", token=grant.token)
            if proof is not None:
                made = self.proofs.setdefault(proof, made)
            headers = {
                "authorization": f"DPoP {grant.token}",
                "dpop": made,
                "content-type": "application/json",
                "idempotency-key": key,
            }
            raw = client.call_hub(_post("/claims", headers, asked))
            if raw["statusCode"] != 503 or time.monotonic() > patient_until:
                break
            time.sleep(secrets.randbelow(100) / 1000)  # many ask of one person at once
        body, kept = json.loads(raw["body"]), sorted(raw["headers"])
        if raw["statusCode"] != 200:
            kind, said = _refusal(raw["headers"], body)
            seen.shapes.append((claims, kind, said, raw["statusCode"], len(raw["body"]), *kept))
            seen.shapes[-1] += (said,)
            return None
        told = {f"{one['claim']}@{one['version']}": one["answer"] for one in body["answers"]}
        seen.symbols += sorted(told.items())
        parts = [[len(part) for part in one["sd_jwt"].split("~")] for one in body["answers"]]
        shape = (claims, body["bits"], len(raw["body"]), tuple(map(tuple, parts)), *kept)
        seen.shapes.append(shape)
        return told

    def _renew(self, grant: Allowed) -> None:
        if self.now - grant.renewed_at < timedelta(seconds=TOKEN_SECONDS):
            return
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
        tokens = grant.partner.get_tokens(**form)
        if tokens is not None:  # else the grant is over, and the old token has to do
            grant.token, grant.renewed_at = tokens["access_token"], self.now

    def charged(self, person):
        """Bits charged for a person: in all, and to each attribute."""
        key = ledger_key(person.vault, GROUP)
        ledger = read_ledger(self.ledgers.fetch_many(key).get(key))
        each: Counter = Counter()
        for (attribute, _), units in ledger.attributes().items():
            each[attribute] += units / UNITS
        return sum(one.units for one in ledger.charges) / UNITS, each

    def total(self, person):
        key = total_key(person.vault)
        row = self.ledgers.fetch_many(key).get(key)
        return sum(units for *_, units in read_total(row).charges) / UNITS


def _refusal(headers, problem):
    said = problem["type"].removeprefix("urn:mydata-hub:problem:")
    if said.startswith(NOT_RELEASED):
        return "NotReleased", said.removeprefix(NOT_RELEASED).replace("-", "_")
    if said == "oauth-refused":
        return "OAuthRefused", headers["www-authenticate"].partition('error="')[2].partition('"')[0]
    return "BadInput", said


def _post(path, headers, document):
    return Call(method="POST", path=path, headers=headers, body=json.dumps(document).encode())
