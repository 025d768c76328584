"""Two hubs that are alike to the last random byte but for what one person's records say."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import OKPKey
from mydata_hub.courier.calling import Caller
from mydata_hub.courier.telling import Courier, Round
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.offers_inbox import with_inbox
from mydata_hub.insights.profile import Profile
from mydata_hub.oauth.authority import Authority, PublishedCatalogue, SigningKeys
from mydata_hub.oauth.call import Call
from mydata_hub.oauth.clients import register_client
from mydata_hub.offers.acceptance.accepting import (
    Counter,
    accept_offer,
    find_on_offer,
    prepare_acceptance,
)
from mydata_hub.offers.acceptance.reports import report
from mydata_hub.offers.acceptance.ticket import Tickets
from mydata_hub.offers.catalogue.check import Checked
from mydata_hub.offers.catalogue.deciding import Decision, Outcome, decide_offer
from mydata_hub.offers.catalogue.eligibility import compile_eligibility
from mydata_hub.offers.catalogue.partner_calls import Shop, list_own
from mydata_hub.offers.catalogue.press import Press, publish_snapshot
from mydata_hub.offers.catalogue.publishing import submit_offer
from mydata_hub.offers.catalogue.signed_head import verifier
from mydata_hub.offers.catalogue.snapshot import PREFIX, SnapshotReader, read_head
from mydata_hub.offers.matching.acts import reading_acts
from mydata_hub.offers.matching.inbox import look_at
from mydata_hub.offers.matching.index import build_index, read_index
from mydata_hub.ports.clock import CountingEntropy
from mydata_hub.ports.messages import due_messages
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.vault.manifest import read_manifest, vault_row
from mydata_hub.vault.profiles import open_profile, seal_profile, write_vault
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.consent.world import ORIGIN
from tests.unit.oauth.hub import Partner, jwks_text
from tests.unit.offers.accepting_world import SUBWAY
from tests.unit.release.world import LOGICAL, MORE, MORNING, Hub

OFFERS = (*LOGICAL, *MORE, "offers", "coupons")


class SteadySigner:
    """ES256 whose signature hangs on key and message alone (RFC 6979)."""

    algorithm = "ES256"

    def __init__(self, number: int) -> None:
        self._key = ec.derive_private_key(number, ec.SECP256R1())

    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        steady = ec.ECDSA(SHA256(), deterministic_signing=True)
        numbers = utils.decode_dss_signature(self._key.sign(message, steady))
        return b"".join(number.to_bytes(32, "big") for number in numbers)


class Overheard:
    """Tables that write down every call, in order, while somebody listens."""

    def __init__(self, tables):
        self.tables = tables
        self.heard: list[tuple[object, ...]] = []
        self.listening = False

    def _note(self, call, *named):
        if self.listening:
            self.heard.append((call, *named))

    def fetch_many(self, *keys):
        rows = self.tables.fetch_many(*keys)
        self._note("fetch", *sorted((str(key), key in rows) for key in keys))
        return rows

    def query(self, table, partition, **options):
        page = self.tables.query(table, partition, **options)
        self._note("query", table, partition, str(options), len(page.rows))
        return page

    def find_keys(self, *args, **options):
        page = self.tables.find_keys(*args, **options)
        self._note("find", str(args), str(options), len(page.keys))
        return page

    def commit(self, *changes):
        self._note("commit", *((type(one).__name__, str(one.key)) for one in changes))
        self.tables.commit(*changes)


class Twin(Hub):
    """A hub where a partner has an offer for those who commute by subway."""

    def __init__(self, folder, endpoint, records):
        super().__init__(folder)
        names = {name: f"{name.title()}Table" for name in OFFERS}
        self.store = SqliteTables(folder / "twin", names, self.clock)
        self.tables = Overheard(self.store)
        self.transcript: list[object] = []
        self.desk = replace(self.desk, tables=self.tables, entropy=CountingEntropy())
        self.gate = replace(
            self.gate,
            tables=self.tables,
            entropy=CountingEntropy(10_000_000),
            key=AnswerKey(SteadySigner(1)),
            vault_keys=VaultKeys(self.tables, self.kms, self.clock),
        )
        self.blobs = DiskBlobs(folder, "offers")
        self.keys = SigningKeys(SteadySigner(2))
        self.matches = SigningKeys(SteadySigner(3))
        self.partner = Partner(self, "bicycles", OKPKey.generate_key("Ed25519"), "EdDSA")
        client = self.client(event_endpoint=endpoint)
        jwks = jwks_text({"keys": [self.partner.key.as_dict(private=False)]})
        register_client(self.desk, replace(client, jwks=jwks))
        self.shop = Shop(
            authority=Authority(
                desk=self.desk,
                keys=SigningKeys(),
                catalogue=PublishedCatalogue(),
                nonce_required=False,
            ),
            check=lambda document, client: None,
        )
        self.courier = Courier(
            tables=self.tables,
            entropy=CountingEntropy(20_000_000),
            keys=SigningKeys(SteadySigner(4)),
            caller=Caller(loopback_allowed=True, deadline_s=2),
            issuer=ORIGIN,
        )
        self.passkey, self.session = self.join()
        self.grant = self.agree(self.passkey, self.session, client, items=(MORNING,))
        self.vault(self.session.account_id, records)

    def listen(self, act):
        """Do what a partner can see, and write down what it sees and which ports were called."""
        self.tables.listening, self.tables.heard = True, []
        try:
            seen = act()
        finally:
            self.tables.listening = False
        self.transcript.append((seen, tuple(self.tables.heard)))
        return seen

    # What the hub does by itself, and the person in silence.

    def approve(self, offer):
        checked = Checked(
            offer=offer,
            condition=compile_eligibility(offer.eligibility, CATALOGUE),
            discloses=(SUBWAY,),
            bits=Decimal("1.585"),
        )
        compiled = lambda one: compile_eligibility(one.eligibility, CATALOGUE)  # noqa: E731
        submit_offer(self.desk, checked)
        decision = Decision(offer_id=offer.offer_id, version=1, outcome=Outcome.APPROVED)
        decide_offer(self.desk, None, decision, compiled)
        press = Press(
            tables=self.tables,
            blobs=self.blobs,
            keys=self.keys,
            clock=self.clock,
            entropy=self.desk.entropy,
            issuer=ORIGIN,
            compile=compiled,
            build_index=build_index,
            left_out=lambda _offer: None,
        )
        assert publish_snapshot(press)

    def look(self):
        """What the vault finds for its person, after a fold; gives what they are shown."""
        vault = self.session.account_id
        row = self.store.fetch_many(vault_row(vault))[vault_row(vault)]
        manifest, secret = read_manifest(vault, row), self.gate.vault_keys.profile_secret(vault)
        profile = Profile.decode(open_profile(manifest, row, secret))
        look = look_at(profile, self.snapshot(), self.clock.now(), self.acts(profile))
        version = row.values["profile_version"] + 1
        sealed = seal_profile(
            with_inbox(profile, look.inbox).encode(), version, manifest, secret, self.gate.entropy
        )
        owner = VaultKeys(self.store, self.kms.keys, self.clock).records_secret(vault)
        self.store.commit(write_vault(row, manifest, owner, version, sealed))
        return look.shown

    def acts(self, profile):
        return reading_acts(self.store)(profile, self.clock.now())

    def snapshot(self):
        verify = verifier(lambda: self.keys.public, ORIGIN)
        return SnapshotReader(self.store, self.blobs, verify, read_index).current()

    def accept(self):
        tickets = Tickets(self.matches, ORIGIN, self.clock)
        counter = Counter(desk=self.desk, tickets=tickets)
        on_offer = find_on_offer(self.desk, "bicycles.rides")
        ticket = tickets.issue(self.session.account_id, on_offer.ref)
        prepared = prepare_acceptance(
            counter, self.session, on_offer, ticket, locale="ko", wording="수락해요."
        )
        signed = self.sign(self.passkey, prepared)
        return accept_offer(counter, self.session, on_offer, prepared.approval, signed)

    # What the partner sees.

    def ask_claims(self):
        return self.listen(
            lambda: self.ask(self.grant, MORNING, vault=self.session.account_id).body
        )

    def read_list(self):
        return self.listen(lambda: self._call(list_own, "/offers/list"))

    def read_report(self):
        return self.listen(lambda: self._call(report, "/offers/report", offer_id="bicycles.rides"))

    def read_files(self):
        return self.listen(self._files)

    def hear(self, seen):
        """One round of the courier; what came to the partner's endpoint."""

        def deliver():
            before = len(seen.tokens)
            for message in list(due_messages(self.store, self.clock.now())):
                if message.topic == "grant_ended":
                    self.courier.tell_partner(message, self.clock.now(), Round())
            return tuple(seen.tokens[before:])

        return self.listen(deliver)

    def _files(self):
        head = read_head(self.store)
        manifest = self.blobs.get(PREFIX + head.manifest)
        told = json.loads(manifest)
        names = [told["index"], *(page["sha256"] for page in told["pages"])]
        return head.signed, manifest, *(self.blobs.get(PREFIX + name) for name in names)

    def _call(self, act, path, **form):
        from urllib.parse import urlencode

        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        self.asserted = getattr(self, "asserted", 0) + 1
        assertion = self.partner.assertion(jti=f"jti-{self.asserted}")
        asserted = {"client_assertion_type": kind, "client_assertion": assertion}
        call = Call(
            method="POST",
            path=path,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode({**asserted, **form}).encode(),
        )
        answer = act(self.shop, call)
        assert answer.status == 200, answer
        return answer.status, json.dumps(answer.body), dict(answer.headers)
