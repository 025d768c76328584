"""A hub with people whose lives are known, partners that may ask, and ports that can be watched."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from mydata_hub.consent.endings import withdraw_grant
from mydata_hub.consent.grants import still
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import OAuthRefused
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.oauth.clients import Client
from mydata_hub.oauth.protected_resource import Access
from mydata_hub.ports.tables import Absent, Key, Put
from mydata_hub.release.attempt import Gate
from mydata_hub.release.gate import answer_claims
from mydata_hub.release.policies import read_policies
from mydata_hub.release.question import Question
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.transparency.event import Event
from mydata_hub.vault.key_rows import Purpose
from mydata_hub.vault.manifest import read_manifest, vault_row
from mydata_hub.vault.profiles import seal_profile, write_vault
from mydata_hub.vault.vault_keys import VaultKeys

from tests.architecture.template import ROOT
from tests.unit.consent.world import LOGICAL, ORIGIN, World
from tests.unit.insights.lives import NOW, cafe_visits, contract, trip, weekdays_before

MORE = ("keys", "vault_public", "vaults", "ledger", "idempotency", "releases", "signing_keys")
POLICIES = read_policies(ROOT / "policies")
# 1.5850 and 3.0000 bits.
MORNING, TIME = "habits.cafe_morning@1", "habits.cafe_time@1"
OFFERS = (MORNING, TIME, "commute.by_subway@1", "commute.mode@1", "commute.transfers@1")


class Ports:
    """Tables that count what one pays for, and let things happen around a call."""

    def __init__(self, tables):
        self.tables = tables
        self.calls = Counter()
        self.before = []
        self.around = lambda name, act: act()

    def paid(self):
        return dict(self.calls)

    def fetch_many(self, *keys):
        self.calls["fetch"] += 1
        return self.around("fetch", lambda: self.tables.fetch_many(*keys))

    def find_keys(self, *args, **options):
        return self.tables.find_keys(*args, **options)

    def query(self, *args, **options):
        return self.tables.query(*args, **options)

    def commit(self, *changes):
        self.calls["commit"] += 1
        if self.before:
            self.before.pop(0)()
        return self.around("commit", lambda: self.tables.commit(*changes))


class CountedKeys:
    def __init__(self, keys):
        self.keys = keys
        self.calls = 0

    def wrap(self, secret, context):
        self.calls += 1
        return self.keys.wrap(secret, context)

    def unwrap(self, wrapped, context):
        self.calls += 1
        return self.keys.unwrap(wrapped, context)


def regular_life():
    """A café at eight and the subway on every weekday, and a car contract."""
    days = weekdays_before(80)
    trips = [
        trip(f"trip-{day}", NOW.replace(year=day.year, month=day.month, day=day.day, hour=7))
        for day in days
    ]
    return [*cafe_visits(days), *trips, contract("car")]


class Hub(World):
    def __init__(self, folder):
        super().__init__(folder)
        self.clock.at = NOW
        names = {name: f"{name.title()}Table" for name in (*LOGICAL, *MORE)}
        self.store = SqliteTables(folder / "all", names, self.clock)
        self.tables = Ports(self.store)
        self.desk = replace(self.desk, tables=self.tables)
        self.kms = CountedKeys(LocalKeys(folder, "vaults"))
        self.signer = LocalSigner(folder, "answers", "ES256")
        self.pauses = []
        self.proofs = 0
        self.gate = Gate(
            tables=self.tables,
            clock=self.clock,
            entropy=self.desk.entropy,
            vault_keys=VaultKeys(
                self.tables, self.kms, self.clock, purposes=frozenset({Purpose.PROFILE})
            ),
            policies=POLICIES,
            key=AnswerKey(self.signer),
            issuer=ORIGIN,
            catalogue=CATALOGUE,
            pause=self.pauses.append,
        )

    def vault(self, vault_id="vault-1", records=()):
        """A vault whose profile has these records folded in."""
        keys = VaultKeys(self.store, self.kms.keys, self.clock)
        keys.create_vault(vault_id, self.desk.entropy)
        profile = new_profile(vault_id)
        if records:
            profile = advance_profile(profile, records, {"connection-1": NOW}, 0)
        row = self.store.fetch_many(vault_row(vault_id))[vault_row(vault_id)]
        manifest, version = read_manifest(vault_id, row), row.values["profile_version"] + 1
        secret = keys.profile_secret(vault_id)
        sealed = seal_profile(profile.encode(), version, manifest, secret, self.desk.entropy)
        put = write_vault(row, manifest, keys.records_secret(vault_id), version, sealed)
        self.store.commit(put)
        return vault_id

    def client(self, name="bicycles", group="rentals", **changes):
        client = Client(
            client_id=name,
            name=name,
            jwks="{}",
            redirect_uris=("https://bicycles.example/callback",),
            group=group,
            purposes=("personal_offers", "mobility_service"),
        )
        return replace(client, **changes)

    def consent(self, client=None, **changes):
        """A person who agreed to answer this client: the grant, and the session to end it with."""
        client = client or self.client()
        passkey, session = self.join()
        return self.agree(passkey, session, client, **changes), session

    def agree(self, passkey, session, client, **changes):
        asked = {
            "counterparty": client.client_id,
            "recipient_group": client.group,
            "purpose": "personal_offers",
            "items": OFFERS,
            "frequency": replace(self.proposal().frequency, count=600),
            **changes,
        }
        return self.give(passkey, session, self.proposal(**asked))

    def access(self, grant, client=None, jkt="A" * 43, proof=None):
        """What oauth hands over when it has verified a call."""
        self.proofs += 1
        name = proof or f"proof-{self.proofs}"
        again = OAuthRefused("invalid_dpop_proof", "jti: this proof has been used")
        until = self.now + timedelta(minutes=3)
        spent = Put(key=Key("oauth", f"proof#{name}"), values={}, when=Absent(), expires_at=until)
        return Access(
            client=client or self.client(),
            grant=grant,
            grant_id=grant.grant_id,
            grant_version=grant.version,
            subject="pairwise-1",
            jkt=jkt,
            changes=(still(grant), spent),
            replayed=again,
        )

    def ask(self, grant, *claims, key=None, vault="vault-1", anew=False, gate=None, **access):
        self.proofs += 1
        self.clock.advance(timedelta(microseconds=1))  # so that events have an order
        question = Question(
            claims=claims or (MORNING,), idempotency_key=key or f"key-{self.proofs}", anew=anew
        )
        return answer_claims(gate or self.gate, self.access(grant, **access), vault, question)

    def told(self, answered):
        """The symbols in an answer, and its body."""
        body = json.loads(answered.body)
        told = symbols(whole(body))
        shown = {f"{one['claim']}@{one['version']}": one["answer"] for one in body["answers"]}
        assert told == shown
        return told, body

    def bits(self, answered):
        return json.loads(answered.body)["bits"]

    def withdraw(self, session, grant):
        return withdraw_grant(self.desk, session, grant.grant_id)

    def released(self, subject):
        """Every event of the gate about a person, in order."""
        keys = self.store.find_keys("events", "subject", subject).keys
        rows = self.store.fetch_many(*keys) if keys else {}
        found = [Event.decode(rows[key].values["personal"]) for key in keys]
        return [event for event in found if event.kind.startswith("claims_")]


def whole(body):
    """One SD-JWT that shows all answers of a response, put together from those that show one."""
    (issued,) = {one["sd_jwt"].split("~")[0] for one in body["answers"]}
    return "~".join([issued, *(one["sd_jwt"].split("~")[1] for one in body["answers"]), ""])


def symbols(sd_jwt):
    """What an SD-JWT discloses, without checking anything."""
    import base64

    disclosures = [one for one in sd_jwt.split("~")[1:] if one]
    parts = [json.loads(base64.urlsafe_b64decode(one + "==")) for one in disclosures]
    return {name: symbol for _, name, symbol in parts}
