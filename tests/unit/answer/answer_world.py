"""The deployed functions on this laptop's engine: a person with a life, a partner that asks."""

from __future__ import annotations

import importlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mydata_hub.accounts.desk import Desk
from mydata_hub.cli.laptop import laptop_deployment
from mydata_hub.config import PagesSettings
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.transparency.event import Event
from mydata_hub.vault.manifest import read_manifest, vault_row
from mydata_hub.vault.profiles import seal_profile, write_vault
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault_config import FoldRecordsSettings
from mydata_hub.web.guards import ROUTES
from mydata_hub.wiring import keys_for, tables_for

from tests.unit.insights.lives import KOREA, at, contract, trip, weekdays_before
from tests.unit.personal_log.own_entries import events_about
from tests.unit.web.conftest import Browser
from tests.unit.web.partners import HttpPartner, approve

ISSUER = "http://localhost:8787"
FUNCTION_OF = {route.key: route.function for route in ROUTES}


class Laptop:
    """Every function with the variables that template.yaml gives it on the embedded engine."""

    issuer = ISSUER

    def __init__(self, folder: Path) -> None:
        self.deployment = laptop_deployment(folder, ISSUER)
        self.handlers: dict[str, Any] = {}
        self.invoke("sequence_log", {"sweep": True})

    def environment(self, function: str) -> dict[str, str]:
        found = (one for one in self.deployment.functions.values() if one.file.stem == function)
        return dict(next(found).environment)

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        if function not in self.handlers:
            module = importlib.import_module(f"functions.{function}")
            self.handlers[function] = module.build(self.environment(function))
        return self.handlers[function](event, None)

    def handler(self, event: dict[str, Any], _context: Any) -> Any:
        return self.invoke(FUNCTION_OF[event["routeKey"]], event)

    @property
    def desk(self) -> Desk:
        return Desk(
            tables=tables_for(PagesSettings.read(self.environment("pages"))),
            clock=SystemClock(),
            entropy=SystemEntropy(),
            issuer=ISSUER,
            software_passkeys=True,
        )

    def fill_vault(self, vault_id: Any, records: list[Any]) -> None:
        """What fold_records leaves: a vault whose sealed profile has these records in it."""
        settings = FoldRecordsSettings.read(self.environment("fold_records"))
        tables, entropy = tables_for(settings), SystemEntropy()
        keys = VaultKeys(tables, keys_for(settings, settings.vault_key), SystemClock())
        keys.create_vault(vault_id, entropy)
        profile = new_profile(vault_id)
        if records:
            profile = advance_profile(profile, records, {"connection-1": datetime.now(UTC)}, 0)
        row = tables.fetch_many(vault_row(vault_id))[vault_row(vault_id)]
        manifest, version = read_manifest(vault_id, row), 1
        sealed = seal_profile(
            profile.encode(), version, manifest, keys.profile_secret(vault_id), entropy
        )
        tables.commit(write_vault(row, manifest, keys.records_secret(vault_id), version, sealed))

    def released(self, account_id: str) -> list[Event]:
        """The gate's events about a person, in order."""
        events = events_about(self.deployment, account_id)
        return [event for event in events if event.kind.startswith("claims_")]


def subway_life() -> list[Any]:
    """To work by subway at seven on every weekday of the last eighty days, and a car contract."""
    now = datetime.now(KOREA)
    days = weekdays_before(80, now)
    return [*(trip(f"trip-{day}", at(day, 7)) for day in days), contract("car")]


class AskingPartner(HttpPartner):
    """A partner that got a token by a person's consent and asks with it."""

    token = ""

    def details(self, **changes: Any) -> dict[str, Any]:
        asked = {
            "claims": ["commute.mode", "commute.by_subway", "commute.transfers"],
            "frequency": {"unit": "day", "count": 20},
            "max_bits": 12,
            "expires_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
        }
        return super().details(**(asked | changes))

    def be_allowed(self, person: Browser) -> str:
        """Through consent to a token; the grant's id."""
        form = {
            "grant_type": "authorization_code",
            "code": approve(person, self.question()),
            "redirect_uri": self.request()["redirect_uri"],
            "code_verifier": self.verifier,
        }
        self.nonce = None
        self.exchange(400, **form)  # learns the nonce
        tokens = self.exchange(200, **form)
        self.token = tokens["access_token"]
        return str(tokens["grant_id"])

    def ask(self, *claims: str, key: str = "", **changes: Any) -> Reply:
        """POST /claims."""
        names = list(claims or ("commute.mode",))
        body = changes.pop("body", json.dumps({"claims": names}))
        headers = {
            "content-type": "application/json",
            "idempotency-key": key or secrets.token_hex(8),
        }
        return self.claim_call("POST", "/claims", headers, body, **changes)

    def receipt(self, event_id: str, **changes: Any) -> Reply:
        """GET /receipts/{event_id}."""
        return self.claim_call("GET", f"/receipts/{event_id}", {}, "", **changes)

    def claim_call(
        self, method: str, path: str, headers: dict[str, str], body: str, **changes: Any
    ) -> Reply:
        token = changes.pop("token", self.token)
        proof = changes.pop("proof", None) or self.proof(method, path, token=token)
        sent = {"authorization": f"DPoP {token}", "dpop": proof, **headers, **changes}
        event_id = path.removeprefix("/receipts/") if path.startswith("/receipts/") else ""
        event = {
            "version": "2.0",
            "routeKey": f"{method} /receipts/{{event_id}}" if event_id else f"{method} {path}",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {name: value for name, value in sent.items() if value is not None},
            "pathParameters": {"event_id": event_id} if event_id else {},
            "requestContext": {"http": {"method": method, "path": path}},
            "body": body,
            "isBase64Encoded": False,
        }
        return Reply(self.hub.handler(event, None))


@dataclass
class Reply:
    raw: dict[str, Any]

    @property
    def status(self) -> int:
        return int(self.raw["statusCode"])

    @property
    def body(self) -> str:
        return str(self.raw["body"])

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.raw["headers"])

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The last part of the problem's type."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        return str(self.json()["type"]).removeprefix("urn:mydata-hub:problem:")
