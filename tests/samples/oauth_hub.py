"""The hub's OAuth over HTTP, for partners: the hub's own rules, and answers that are made up.

A person at it approves with a software passkey, without pages.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mydata_hub.accounts import ceremonies
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.sessions import Session
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.consent.endings import withdraw_grant
from mydata_hub.consent.grants import list_grants
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import OAuthRefused
from mydata_hub.oauth.authority import Authority, PublishedCatalogue, SigningKeys
from mydata_hub.oauth.authorize import (
    approve_question,
    open_question,
    prepare_consent,
    refuse_question,
)
from mydata_hub.oauth.call import Answer, Call
from mydata_hub.oauth.clients import Client, jwks_text, register_client
from mydata_hub.oauth.deletion_attestation import attest_deletion
from mydata_hub.oauth.metadata import (
    JWKS,
    PAR,
    RESOURCE_METADATA,
    SERVER_METADATA,
    TOKEN,
    resource_metadata,
    server_metadata,
)
from mydata_hub.oauth.protected_resource import challenge, check_access
from mydata_hub.oauth.pushed_requests import push_request
from mydata_hub.oauth.security_events import ATTEST, TRANSMITTER_METADATA, transmitter_metadata
from mydata_hub.oauth.security_events import JWKS as EVENT_JWKS
from mydata_hub.oauth.token_endpoint import answer_token
from mydata_hub.ports.clock import SystemClock, SystemEntropy

LOGICAL = (
    *("accounts", "sessions", "notices", "outbox", "events"),
    *("grants", "deliveries", "clients", "oauth"),
)


class OAuthHub:
    """One hub with one person."""

    def __init__(self, folder: Path, url: str) -> None:
        clock = SystemClock()
        self.url = url
        self.desk = Desk(
            tables=SqliteTables(folder, {name: f"{name.title()}Table" for name in LOGICAL}, clock),
            clock=clock,
            entropy=SystemEntropy(),
            issuer=url,
            software_passkeys=True,
        )
        self.authority = Authority(
            desk=self.desk,
            keys=SigningKeys(LocalSigner(folder, "tokens", "ES256")),
            catalogue=PublishedCatalogue(),
            nonce_required=True,
            event_keys=SigningKeys(LocalSigner(folder, "events", "ES256")),
        )
        self.passkey = SoftwarePasskey.make()
        self.session = self._join()
        # The Idempotency-Key of each call that was answered.
        self.idempotency_keys: list[str] = []

    def register(self, client_id: str, jwks: Any, redirect_uri: str, purpose: str) -> None:
        register_client(
            self.desk,
            Client(
                client_id=client_id,
                name="샘플",
                jwks=jwks_text(jwks),
                redirect_uris=(redirect_uri,),
                group=client_id,
                purposes=(purpose,),
            ),
        )

    def decide(self, authorization_url: str, *, approve: bool = True) -> str:
        """What the person's pages will do: where the browser is sent in the end."""
        parts = urlsplit(authorization_url)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.url}/authorize"
        call = Call(method="GET", path=parts.path, query=parts.query)
        question = open_question(self.authority, call)
        if not approve:
            return refuse_question(self.authority, self.session, question)
        prepared = prepare_consent(
            self.authority,
            self.session,
            question,
            question.proposal.items,
            locale="ko",
            wording="샘플이 묻습니다.",
        )
        signed = self.passkey.get(prepared.options, self.url)
        return approve_question(self.authority, self.session, question, prepared.approval, signed)

    def withdraw(self) -> list[str]:
        """The person withdraws everything: what was active."""
        given = list_grants(self.desk.tables, self.session.account_id)
        for grant in given:
            withdraw_grant(self.desk, self.session, grant.grant_id)
        return [grant.grant_id for grant in given if grant.ended_at is None]

    def answer(self, call: Call) -> Answer:
        match call.path:
            case path if path == SERVER_METADATA:
                return Answer(status=200, body=server_metadata(self.url))
            case path if path == RESOURCE_METADATA:
                return Answer(status=200, body=resource_metadata(self.url))
            case path if path == JWKS:
                return Answer(status=200, body=self.authority.keys.jwks())
            case path if path == PAR:
                return push_request(self.authority, call)
            case path if path == TOKEN:
                return answer_token(self.authority, call)
            case path if path == TRANSMITTER_METADATA:
                return Answer(status=200, body=transmitter_metadata(self.url))
            case path if path == EVENT_JWKS:
                return Answer(status=200, body=self.authority.event_keys.jwks())
            case path if path == ATTEST:
                return attest_deletion(self.authority, call)
            case "/claims":
                return self._claims(call)
        return Answer(status=404, body={"title": "not found"})

    def _claims(self, call: Call) -> Answer:
        try:
            access = check_access(self.authority, call)
        except OAuthRefused as error:
            told = challenge(error)
            return Answer(
                status=told.status, headers=told.headers, body={"detail": error.description}
            )
        self.desk.tables.commit(*access.changes)
        asked = json.loads(call.body)["claims"]
        granted = {item.partition("@")[0] for item in access.grant.items}
        if not set(asked) <= granted:
            return Answer(status=403, body={"detail": "a claim is not in the grant"})
        self.idempotency_keys.append(str(call.header("idempotency-key")))
        answers = [{"claim": claim, "answer": "yes", "sd_jwt": "e30.e30.e30~"} for claim in asked]
        return Answer(status=200, body={"event_id": "event-1", "answers": answers})

    def _join(self) -> Session:
        begun = ceremonies.begin_sign_up(self.desk, "지우", "ko")
        made = self.passkey.create(begun.options, self.url)
        return ceremonies.finish_sign_up(self.desk, begun.ceremony, made, "phone").session


class _Handler(BaseHTTPRequestHandler):
    hub: OAuthHub

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        path, _, query = self.path.partition("?")
        call = Call(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        answer = self.hub.answer(call)
        body = json.dumps(answer.body or {}).encode()
        self.send_response(answer.status)
        headers = {"content-type": "application/json", "content-length": str(len(body))}
        for name, value in {**headers, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (http.server looks for this name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@contextmanager
def serving_hub(folder: Path) -> Iterator[OAuthHub]:
    kind = type("Served", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    hub = OAuthHub(folder, f"http://localhost:{server.server_port}")
    kind.hub = hub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
