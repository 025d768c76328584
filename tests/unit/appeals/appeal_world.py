"""A person with late bills, the review, and partners who were told of it: on real engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mydata_hub.accounts.account import Role
from mydata_hub.accounts.sessions import Session
from mydata_hub.appeals.case import Contest
from mydata_hub.appeals.deciding import ReviewRoom
from mydata_hub.appeals.opening import open_appeal
from mydata_hub.appeals.review_box import ReviewBox
from mydata_hub.collection.datasets import CARD_BILLS, schema_of
from mydata_hub.collection.record import Provenance, Record
from mydata_hub.collection.wire import Asked, make_record
from mydata_hub.consent.grants import put_grant
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.fields import Wording
from mydata_hub.insights.card_bills import BILLS_FOLD
from mydata_hub.own_vault.speaking import Pointed, dispute_records
from mydata_hub.release.partner_copies import put_copy
from mydata_hub.release.release import Decision
from mydata_hub.vault.segment_opening import trust
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.objects.samples import GRANT, RELEASE
from tests.unit.own_vault.own_world import ME, TABLES, OwnWorld
from tests.unit.vault.vault_world import ATTRIBUTION

ALL = (*TABLES, "appeals", "grants", "releases", "deliveries")
LATE = "late_bills"
TOLD = Wording(ko="늦게 낸 카드 대금 1건", en="1 card bill paid late")
WORDS = "The bank confirms that it took the money a week late itself."


class AppealWorld(OwnWorld):
    """As OwnWorld, with the review beside it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tables = SqliteTables(self.folder, {name: name.title() for name in ALL}, self.clock)
        self.vault_keys = VaultKeys(self.tables, self.keys, self.clock)
        self.reviewer = LocalSigner(self.folder, "review", "ES256")
        self.letterbox = replace(self.letterbox, tables=self.tables)
        believed = (
            (self.signer, Provenance.COLLECTED),
            (self.own_signer, Provenance.SELF_SUPPLIED),
            (self.reviewer, Provenance.REVIEWED),
        )
        self.room = replace(
            self.room,
            tables=self.tables,
            keys=self.vault_keys,
            trusted=trust([(one.public_key(), whose) for one, whose in believed]),
        )
        self.box = ReviewBox(self.keys)
        self.review = ReviewRoom(
            letterbox=replace(self.letterbox, signer=self.reviewer), box=self.box
        )

    def bills(self, late: int = 1, count: int = 12, vault_id: str = ME) -> None:
        """Card bills of the last year, the first `late` of them paid three weeks late."""
        records = [self.bill(number, 20 if number < late else 0) for number in range(count)]
        self.collected(
            *records,
            vault_id=vault_id,
            dataset=CARD_BILLS,
            schema_hash=schema_of(CARD_BILLS).digest(),
        )
        self.sweep()

    def bill(self, number: int, days_late: int) -> Record:
        due = (self.clock.now() - timedelta(days=20 + 30 * number)).date()
        at = self.clock.now() - timedelta(days=30 + 30 * number)
        body = {
            "month": f"{due:%Y%m}",
            "due_on": due.isoformat(),
            "paid_on": (due + timedelta(days=days_late)).isoformat(),
            "as_of": at.isoformat(),
            "limit_minor": None,
        }
        asked = Asked(ATTRIBUTION.connection_id, "", at)
        return make_record(asked, CARD_BILLS, f"bill-{number}", at, body, money=(-90_000, "KRW"))

    def pointed(self, number: int = -1) -> Pointed:
        """A bill; the latest by default."""
        state = self.profile().folds[BILLS_FOLD.id].state
        known = list(BILLS_FOLD.known(state, CARD_BILLS))[number]
        return Pointed(dataset=CARD_BILLS, mark=known.mark)

    def contest(self, *records: Pointed, reason: str = LATE, statement: str = "I paid on time."):
        """Appeal, and dispute the records, as the page does; the appeal, once it is folded."""
        contest = Contest(reason=reason, told=TOLD, statement=statement, records=records)
        opened = open_appeal(self.letterbox, self.box, ME, self.profile(), contest)
        if records:
            dispute_records(self.letterbox, ME, self.profile(), records)
        self.sweep()
        return opened

    def told_a_partner(self, grant_id: str, *claims: str, **changes: object) -> None:
        """A release grant that holds, and an answer that was given under it."""
        now = self.clock.now()
        grant = replace(
            GRANT,
            grant_id=grant_id,
            version=1,
            subject=ME,
            items=claims,
            given_at=now - timedelta(days=9),
            expires_at=now + timedelta(days=90),
            ended_at=None,
            ended_as=None,
        )
        grant = replace(grant, **changes)
        event_id = f"event-{grant_id}"
        release = replace(
            RELEASE,
            event_id=event_id,
            grant_id=grant_id,
            claims=claims,
            decision=Decision.ALLOW,
        )
        copy = put_copy(grant.counterparty, ME, "claims_answered", event_id, release.encode(), now)
        self.tables.commit(put_grant(grant, {"grant": grant.encode()}), copy)


def staff(world: AppealWorld) -> Session:
    """An operator who has just used their passkey."""
    now = world.clock.now()
    return Session(
        session_id="s",
        account_id="operator-1",
        role=Role.OPERATOR,
        passkey_id="p",
        csrf="c",
        authenticated_at=now,
        seen_at=now,
    )
