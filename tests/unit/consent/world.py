"""A hub and what people do with it: what the tests of consent and of oauth share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mydata_hub.accounts import ceremonies
from mydata_hub.accounts.desk import Desk
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.consent.approval import approve, prepare_approval
from mydata_hub.consent.consent_record import Proposal
from mydata_hub.consent.grant import Frequency, FrequencyUnit, GrantKind
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.ports.clock import SetClock, SystemEntropy
from mydata_hub.transparency.event import Event

ORIGIN = "http://localhost:8787"
LOGICAL = (
    *("accounts", "sessions", "notices", "outbox", "events"),
    *("grants", "deliveries", "clients", "oauth"),
)
WORDING = "자전거 가게가 묻습니다: 신뢰 등급은 무엇인가요? 90일 동안, 한 달에 두 번까지."


class Watched:
    """Tables that let something happen just before a commit."""

    def __init__(self, tables):
        self.tables = tables
        self.before = []
        self.commits = []

    def __getattr__(self, name):
        return getattr(self.tables, name)

    def commit(self, *changes):
        self.commits.append(changes)
        if self.before:
            self.before.pop(0)()
        self.tables.commit(*changes)


class World:
    def __init__(self, folder):
        self.clock = SetClock(datetime(2026, 11, 24, 9, tzinfo=UTC))
        names = {name: f"{name.title()}Table" for name in LOGICAL}
        self.tables = Watched(SqliteTables(folder, names, self.clock))
        self.desk = Desk(
            tables=self.tables,
            clock=self.clock,
            entropy=SystemEntropy(),
            issuer=ORIGIN,
            software_passkeys=True,
        )

    @property
    def now(self):
        return self.clock.now()

    def join(self, name="지우"):
        """A person with one passkey: the passkey and the session."""
        passkey = SoftwarePasskey.make()
        begun = ceremonies.begin_sign_up(self.desk, name, "ko")
        made = passkey.create(begun.options, ORIGIN)
        return passkey, ceremonies.finish_sign_up(self.desk, begun.ceremony, made, "phone").session

    def proposal(self, **changes):
        asked = Proposal(
            kind=GrantKind.RELEASE,
            counterparty="bicycles",
            recipient_group="rentals",
            purpose="deposit_waiver",
            items=("trust_tier@1", "commute.mode@3"),
            frequency=Frequency(unit=FrequencyUnit.MONTH, count=2),
            max_bits=16,
            expires_at=self.now + timedelta(days=90),
            request_hash=bytes(32),
        )
        return replace(asked, **changes)

    def collecting(self, **changes):
        return self.proposal(
            kind=GrantKind.COLLECT,
            counterparty="card-company",
            recipient_group=None,
            purpose="own_overview",
            items=("card.approvals", "card.bills"),
            max_bits=0,
            **changes,
        )

    def prepare(self, session, proposal=None, items=None, **options):
        proposal = proposal or self.proposal()
        return prepare_approval(
            self.desk,
            session,
            proposal,
            items or proposal.items,
            **{"locale": "ko", "wording": WORDING} | options,
        )

    def sign(self, passkey, prepared, origin=ORIGIN):
        return passkey.get(prepared.options, origin)

    def give(self, passkey, session, proposal=None, items=None):
        """A grant, signed."""
        prepared = self.prepare(session, proposal, items)
        return approve(self.desk, session, prepared.approval, self.sign(passkey, prepared))

    def events(self, subject, kind):
        """A person's events of one kind."""
        keys = self.tables.find_keys("events", "subject", subject).keys
        rows = self.tables.fetch_many(*keys)
        events = [Event.decode(rows[key].values["personal"]) for key in keys]
        return [event for event in events if event.kind == kind]
