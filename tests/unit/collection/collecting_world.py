"""A hub that connects and collects, on real tables, keys and blobs; providers are in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from mydata_hub.accounts import ceremonies
from mydata_hub.accounts.desk import Desk
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.collection.collecting import Collector, collect, waiting_errands
from mydata_hub.collection.connecting import Departure, depart, prepare_connection
from mydata_hub.collection.connections import Link, fetch_link
from mydata_hub.collection.errand import Errand
from mydata_hub.collection.provider_http import Arrival, Tokens
from mydata_hub.collection.providers import ProviderEntry, fetch_provider, put_provider
from mydata_hub.collection.receiving import Note, Reception, receive
from mydata_hub.collection.tokens import wrap_client_secret
from mydata_hub.consent.endings import withdraw_grant
from mydata_hub.consent.grants import fetch_grant
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.fields import Wording
from mydata_hub.ports.clock import SetClock, SystemEntropy
from mydata_hub.ports.messages import due_messages
from mydata_hub.transparency.event import Event
from mydata_hub.vault.announcements import waiting_segments
from mydata_hub.vault.segment_opening import open_segment, read_segment, trust
from mydata_hub.vault.segments import blob_name
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.collection.sample_pages import NOW, CardCompany, approval
from tests.unit.consent.world import Watched

ORIGIN = "http://localhost:8787"
LOGICAL = (
    *("accounts", "sessions", "notices", "outbox", "events", "grants", "providers"),
    *("connections", "intake", "keys", "vault_public", "vaults", "segments"),
)
CARD = ("card.approvals", "card.bills")


@dataclass
class Person:
    passkey: SoftwarePasskey
    session: object
    # What providers call them.
    identity: str = "CI-of-jiu"

    @property
    def account_id(self) -> str:
        return self.session.account_id


@dataclass
class CardProvider:
    """The far side: codes are traded for tokens, and tokens call the company in memory."""

    company: CardCompany
    identity: str = "CI-of-jiu"
    fault: Exception | None = None
    exchanged: list = field(default_factory=list)
    called_with: list = field(default_factory=list)
    given_back: list = field(default_factory=list)
    unwilling: list = field(default_factory=list)

    def exchange(self, at, code, verifier, redirect_uri):
        if self.fault:
            raise self.fault
        self.exchanged.append((at, code, verifier, redirect_uri))
        return Arrival(Tokens(f"access-{code}", f"refresh-{code}"), self.identity)

    def call(self, at, tokens, keep_tokens):
        self.called_with.append((at, tokens))
        self.company.keep_tokens = keep_tokens
        return self.company

    def give_back(self, at, tokens):
        if self.unwilling:
            raise self.unwilling.pop(0)
        self.given_back.append((at.client_id, tokens))


class World:
    logical: tuple[str, ...] = LOGICAL

    def __init__(self, folder: Path) -> None:
        self.clock = SetClock(NOW)
        self.entropy = SystemEntropy()
        names = {name: f"{name.title()}Table" for name in self.logical}
        self.tables = Watched(SqliteTables(folder, names, self.clock))
        self.blobs = DiskBlobs(folder, "segments")
        self.box = LocalKeys(folder, "intake")
        self.signer = LocalSigner(folder, "collector", "ES256")
        self.vaults = VaultKeys(self.tables, LocalKeys(folder, "vault"), self.clock)
        self.waits = []
        self.card = CardProvider(CardCompany({"card-1": [approval(n) for n in range(8)]}))
        self.desk = Desk(
            tables=self.tables,
            clock=self.clock,
            entropy=self.entropy,
            issuer=ORIGIN,
            software_passkeys=True,
        )
        self.add_provider("sample-card")

    def add_provider(self, provider_id: str) -> None:
        put_provider(
            self.tables,
            ProviderEntry(
                provider_id=provider_id,
                family="card",
                name=Wording(ko="샘플카드", en="Sample Card"),
                base_url="https://api.card.example",
                authorize_url="https://card.example/oauth/2.0/authorize",
                org_code="SAMPLE",
                client_id="hub-at-card",
                wrapped_secret=wrap_client_secret(self.box, provider_id, "s3cret"),
            ),
            self.clock,
            self.entropy,
        )

    def join(self, *, vault: bool = True, name: str = "Jiu") -> Person:
        passkey = SoftwarePasskey.make()
        begun = ceremonies.begin_sign_up(self.desk, name, "ko")
        made = passkey.create(begun.options, ORIGIN)
        session = ceremonies.finish_sign_up(self.desk, begun.ceremony, made, "phone").session
        if vault:
            self.vaults.create_vault(session.account_id, self.entropy)
        return Person(passkey, session)

    def leave(
        self, person: Person, provider_id: str = "sample-card", datasets: tuple = CARD
    ) -> Departure:
        """Sign, and be sent to the provider."""
        provider = fetch_provider(self.tables, provider_id)
        prepared = prepare_connection(
            self.desk, person.session, provider, datasets, locale="ko", wording="모아요"
        )
        signed = person.passkey.get(prepared.options, ORIGIN)
        return depart(self.desk, person.session, prepared.approval, signed)

    def come_back(self, departure: Departure, **changed: str) -> Note:
        state = parse_qs(urlsplit(departure.location).query)["state"][0]
        told = {"provider_id": "sample-card", "binding": departure.binding} | {
            name: changed.pop(name) for name in ("provider_id", "binding") if name in changed
        }
        query = {"state": state, "code": "code-1"} | changed
        return receive(self.reception(), told["provider_id"], query, told["binding"])

    def connect(self, person: Person, **options: object) -> Link:
        assert self.come_back(self.leave(person, **options)) is Note.CONNECTED
        return self.link(person)

    def reception(self) -> Reception:
        return Reception(
            tables=self.tables,
            clock=self.clock,
            entropy=self.entropy,
            box=self.box,
            issuer=ORIGIN,
            exchange=self.card.exchange,
        )

    def collector(self) -> Collector:
        return Collector(
            tables=self.tables,
            blobs=self.blobs,
            signer=self.signer,
            box=self.box,
            clock=self.clock,
            entropy=self.entropy,
            chance=lambda: 0.5,
            wait=self.wait,
            call=self.card.call,
            give_back=self.card.give_back,
        )

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))

    def deliver(self, **limits: object) -> list:
        """What the stream brings: each waiting message of intake, once."""
        return [self.run(Errand.told(one, by_stream=True), **limits) for one in self.asked()]

    def sweep(self) -> list:
        return [self.run(errand) for errand in list(waiting_errands(self.collector(), 100))]

    def run(self, errand: Errand, seconds: float = 50.0):
        until = self.clock.now() + timedelta(seconds=seconds)
        return collect(self.collector(), errand, until)

    def asked(self) -> list:
        waiting = due_messages(self.tables, self.clock.now())
        return [one for one in waiting if one.topic == "collect"]

    def told_complete(self) -> list:
        waiting = due_messages(self.tables, self.clock.now())
        return [one.body for one in waiting if one.topic == "source_complete"]

    def link(self, person: Person, provider_id: str = "sample-card") -> Link:
        return fetch_link(self.tables, person.account_id, provider_id)

    def grant(self, person: Person):
        return fetch_grant(self.tables, self.link(person).grant_id)

    def withdraw(self, person: Person):
        return withdraw_grant(self.desk, person.session, self.link(person).grant_id)

    def opened(self, person: Person) -> list[bytes]:
        """Every announced record, as the vault reads it."""
        secret = self.vaults.records_secret(person.account_id)
        trusted = trust([(self.signer.public_key(), "collected")])
        found = []
        for row in waiting_segments(self.tables, 1000):
            if row.key.partition != person.account_id:
                continue
            name = blob_name(row.key.partition, row.key.sort, row.values["segment_version"])
            found += open_segment(read_segment(self.blobs.get(name), row), secret, trusted)
        return found

    def events(self, person: Person, kind: str) -> list[Event]:
        keys = self.tables.find_keys("events", "subject", person.account_id).keys
        rows = self.tables.fetch_many(*keys)
        events = [Event.decode(rows[key].values["personal"]) for key in keys]
        return [event for event in events if event.kind == kind]
