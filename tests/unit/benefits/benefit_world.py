"""A person's vault that earns at a diner, and the tills of its partner: on real engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from mydata_hub.benefits.after_fold import keep_books
from mydata_hub.benefits.book import Book
from mydata_hub.benefits.coupons import Coupon, page_of_coupons
from mydata_hub.benefits.programme import Terms, read_programmes
from mydata_hub.benefits.redeeming import Till, redeem, sign_coupon
from mydata_hub.benefits.wallet import keep_favourite
from mydata_hub.collection.record import Record
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import BadInput, Busy
from mydata_hub.fields import Wording
from mydata_hub.insights.moments import minute_of
from mydata_hub.insights.payments import merchant_of
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.own_vault.own_world import ME, TABLES, OwnWorld, transaction
from tests.unit.vault.vault_world import NOW

DINER = "diner-client"
ISSUER = "https://hub.example"
GOAL = 20
TERMS = Terms(
    offer_id=f"{DINER}.points",
    version=1,
    client=DINER,
    kind="points",
    title=Wording(ko="국밥집 포인트", en="Points at the diner"),
    merchants=(merchant_of("Diner"),),
    per_minor=1_000,
    goal=GOAL,
    expires_days=40,
    amount_minor=5_000,
    currency="KRW",
    until_minute=minute_of(NOW + timedelta(days=300)),
)


class BenefitWorld(OwnWorld):
    """As OwnWorld, with coupons beside it and the books kept after every fold."""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = {name: name.title() for name in (*TABLES, "coupons")}
        self.tables = SqliteTables(self.folder, names, self.clock)
        self.vault_keys = VaultKeys(self.tables, self.keys, self.clock)
        self.letterbox = replace(self.letterbox, tables=self.tables)
        self.terms = {TERMS.offer_id: TERMS}
        self.room = replace(
            self.room,
            tables=self.tables,
            keys=self.vault_keys,
            after_fold=keep_books(self.tables, lambda offer_id: self.terms.get(offer_id)),
        )
        self.coupon_key = AnswerKey(LocalSigner(self.folder, "coupon", "ES256"))
        self.till = Till(
            tables=self.tables,
            entropy=self.entropy,
            issuer=ISSUER,
            key=lambda: self.coupon_key.public,
            commit=self.tables.commit,
        )
        self.paid: list[Record] = []

    def begin(self) -> None:
        """A vault in which the diner is a favourite."""
        self.make(ME)
        self.pay(1_000, payee="Elsewhere")
        keep_favourite(self.letterbox, ME, self.profile(), TERMS.offer_id, self.terms.get)
        self.sweep()

    def pay(self, amount: int, payee: str = "Diner") -> Record:
        """A lunch, collected and folded."""
        paid = transaction(f"p{len(self.paid)}", self.clock.now(), 0, payee, -amount)
        self.paid.append(paid)
        self.tell(paid)
        return paid

    def tell(self, *records: Record) -> None:
        self.collected(*records)
        self.sweep()

    def book(self) -> Book:
        (programme,) = read_programmes(self.profile())
        return programme.book

    def coupons(self) -> list[Coupon]:
        """All of them, however many a page shows."""
        found, after = page_of_coupons(self.tables, ME, None)
        while after is not None:
            more, after = page_of_coupons(self.tables, ME, after)
            found += more
        return found

    def redeem(self, coupon: Coupon, tills: int = 1) -> int:
        """How many of so many tills at once took the coupon."""
        token = sign_coupon(coupon, ISSUER, self.coupon_key)

        def one(_till: int) -> int:
            for _ in range(50):
                try:
                    redeem(self.till, DINER, token, None, self.clock.now())
                except Busy:
                    continue
                except BadInput:
                    return 0
                return 1
            return 0

        with ThreadPoolExecutor(tills) as pool:
            return sum(pool.map(one, range(tills)))
