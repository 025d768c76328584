"""Coupons: what a person can redeem once, and the rows that say whether they have.

Table `coupons`, format 1. Row `coupon#<id>`: `client`, `offer_id`, `version`, `kind`, `title` in
both languages, `amount_minor` and `currency`, `till`, `state`, `good_until`, `settled_at`,
`redemption`, `grant_id`, `category` (of its offer; older rows have none). Row
`person#<subject>`/`<id>` says whose it is; the coupon itself names nobody. Row
`accepted#<subject>`/`<offer>@<version>` says that an offer was accepted. A coupon whose time is
over keeps its state: that is derived. Change rule: another layout, the next format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Final, NewType, cast

from mydata_hub.consent.grant import GrantId
from mydata_hub.errors import BadInput, Damaged, FormatUnknown
from mydata_hub.fields import ClientId, SubjectId, Wording, require_id
from mydata_hub.ports.tables import Absent, Change, Key, Page, Put, Row, Tables, VersionIs

CouponId = NewType("CouponId", str)

TABLE: Final = "coupons"
FORMAT: Final = 1
COUPON: Final = "coupon"
PERK: Final = "perk"
# What points and stamps are spent for.
REWARD: Final = "reward"
# Of one person; those that end last.
MAX_SHOWN: Final = 100
_PAGE: Final = 100
_MAX_PAGES: Final = 5
# So long after its end, a coupon and whose it was are forgotten.
KEPT_AFTER: Final = timedelta(days=180)
_LABEL: Final = "mydata-hub coupon of a spending 1"


class State(StrEnum):
    """What became of a coupon. `issued` is the only state that it can leave."""

    ISSUED = "issued"
    REDEEMED = "redeemed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """A coupon as it stands. Money is in minor units; a perk may be worth none."""

    coupon_id: CouponId
    client: ClientId
    offer_id: str
    version: int
    kind: str
    title: Wording
    amount_minor: int | None
    currency: str | None
    # The only till that may take it; None where it has to be redeemed online.
    till: str | None
    good_until: datetime
    state: State = State.ISSUED
    # Of its offer, for the order of further offers in the owner's vault; None where nobody knows.
    category: str | None = None
    # The consent that its offer was accepted by, of which nobody is told before the day is over.
    grant_id: GrantId | None = None
    # When it was redeemed or given back.
    settled_at: datetime | None = None
    # Names the one redemption, so that whoever lost the answer to it knows it again.
    redemption: str | None = None
    # Of the row it was read from; 0 before the first.
    row_version: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        require_id("coupon", self.coupon_id)
        if (self.state is State.ISSUED) is not (self.settled_at is None):
            raise BadInput("coupon", "says since when it is settled, once it is")

    def is_open(self, now: datetime) -> bool:
        """Whether it can be redeemed."""
        return self.state is State.ISSUED and now < self.good_until


def coupon_of_spending(subject: SubjectId, spending: bytes) -> CouponId:
    """The coupon that points are spent for: the same however often a spending is folded."""
    named = f"{_LABEL}\0{subject}\0{spending.hex()}"
    return CouponId(hashlib.sha256(named.encode()).hexdigest()[:32])


def coupon_key(coupon_id: CouponId) -> Key:
    """The row of a coupon."""
    return Key(TABLE, f"coupon#{coupon_id}")


def owner_key(subject: SubjectId, coupon_id: CouponId) -> Key:
    """The row that says whose it is."""
    return Key(TABLE, owned_by(subject), coupon_id)


def owned_by(subject: str) -> str:
    """The partition of a person's coupons."""
    return f"person#{subject}"


def accepted_key(subject: SubjectId, offer: str) -> Key:
    """The row that says that a person accepted an offer, `<offer id>@<version>`."""
    return Key(TABLE, accepted_of(subject), offer)


def accepted_of(subject: str) -> str:
    """The partition of what a person accepted."""
    return f"accepted#{subject}"


def put_coupon(subject: SubjectId, coupon: Coupon) -> tuple[Change, Change]:
    """The changes that give a person a new coupon; a Conflict on them says that it is there."""
    owner = Put(
        key=owner_key(subject, coupon.coupon_id),
        values={},
        when=Absent(),
        expires_at=coupon.good_until + KEPT_AFTER,
        format=FORMAT,
    )
    return _put(coupon, Absent()), owner


def settle(coupon: Coupon, state: State, now: datetime, redemption: str | None = None) -> Put:
    """The change by which an open coupon is redeemed or given back, over the row as it was read.

    Raises BadInput for one that is settled: nothing is redeemed twice.
    """
    if coupon.state is not State.ISSUED:
        raise BadInput("coupon", f"was {coupon.state}")
    settled = replace(coupon, state=state, settled_at=now, redemption=redemption)
    return _put(settled, VersionIs(coupon.row_version))


def fetch_coupon(tables: Tables, coupon_id: CouponId) -> Coupon | None:
    """A coupon as it stands now, or None. Raises Damaged, FormatUnknown, Busy."""
    key = coupon_key(coupon_id)
    row = tables.fetch_many(key).get(key)
    return None if row is None else _read(row)


def owns(tables: Tables, subject: SubjectId, coupon_id: CouponId) -> bool:
    """Whether a coupon is this person's."""
    key = owner_key(subject, coupon_id)
    return key in tables.fetch_many(key)


def list_coupons(tables: Tables, subject: str) -> list[Coupon]:
    """A person's coupons, at most MAX_SHOWN: what was not settled before what was, and of both what
    ends last first. Raises as fetch_coupon."""
    found: list[Coupon] = []
    for page in islice(_pages(tables, subject), _MAX_PAGES):
        found += [_read(row) for row in _coupon_rows(tables, page)]
    found.sort(
        key=lambda one: (one.state is State.ISSUED, one.good_until, one.coupon_id), reverse=True
    )
    return found[:MAX_SHOWN]


def rows_of_person(tables: Tables, subject: str) -> Iterator[Row]:
    """Every row of a person's coupons, each coupon before the row that finds it."""
    for page in _pages(tables, subject):
        yield from _coupon_rows(tables, page)
        yield from page.rows


def page_of_coupons(
    tables: Tables, subject: str, after: str | None
) -> tuple[list[Coupon], str | None]:
    """Some of a person's coupons, and the mark to go on behind. Raises as fetch_coupon."""
    page = tables.query(TABLE, owned_by(subject), after=after, limit=_PAGE)
    return [_read(row) for row in _coupon_rows(tables, page)], page.after


def _pages(tables: Tables, subject: str) -> Iterator[Page]:
    after: str | None = None
    while True:
        page = tables.query(TABLE, owned_by(subject), after=after, limit=_PAGE)
        yield page
        after = page.after
        if after is None:
            return


def _coupon_rows(tables: Tables, page: Page) -> Iterable[Row]:
    names = [coupon_key(CouponId(row.key.sort)) for row in page.rows]
    return tables.fetch_many(*names).values() if names else ()


def coupon_document(coupon: Coupon, now: datetime) -> dict[str, Any]:
    """A coupon for its owner: pages, scripts and the archive of an export."""
    over = coupon.state is State.ISSUED and not coupon.is_open(now)
    return {
        "coupon_id": coupon.coupon_id,
        "client": coupon.client,
        "offer_id": coupon.offer_id,
        "version": coupon.version,
        "kind": coupon.kind,
        "title": {"ko": coupon.title.ko, "en": coupon.title.en},
        "amount_minor": coupon.amount_minor,
        "currency": coupon.currency,
        "till": coupon.till,
        "state": "expired" if over else coupon.state.value,
        "good_until": coupon.good_until.isoformat(),
        "settled_at": coupon.settled_at.isoformat() if coupon.settled_at else None,
    }


def _put(coupon: Coupon, when: Absent | VersionIs) -> Put:
    return Put(
        key=coupon_key(coupon.coupon_id),
        values={
            "client": coupon.client,
            "offer_id": coupon.offer_id,
            "version_of_offer": coupon.version,
            "kind": coupon.kind,
            "title": {"ko": coupon.title.ko, "en": coupon.title.en},
            "amount_minor": coupon.amount_minor,
            "currency": coupon.currency,
            "till": coupon.till,
            "state": coupon.state.value,
            "good_until": coupon.good_until.isoformat(),
            "settled_at": coupon.settled_at.isoformat() if coupon.settled_at else None,
            "redemption": coupon.redemption,
            "grant_id": coupon.grant_id,
            "category": coupon.category,
        },
        when=when,
        expires_at=coupon.good_until + KEPT_AFTER,
        format=FORMAT,
    )


def _read(row: Row) -> Coupon:
    if row.format > FORMAT:
        raise FormatUnknown(f"{TABLE}: this release reads format {FORMAT}")
    told = cast("Mapping[str, Any]", row.values)
    try:
        settled = told["settled_at"]
        return Coupon(
            coupon_id=CouponId(row.key.partition.removeprefix("coupon#")),
            client=ClientId(told["client"]),
            offer_id=told["offer_id"],
            version=told["version_of_offer"],
            kind=told["kind"],
            title=Wording(**told["title"]),
            amount_minor=told["amount_minor"],
            currency=told["currency"],
            till=told["till"],
            good_until=datetime.fromisoformat(told["good_until"]),
            state=State(told["state"]),
            settled_at=None if settled is None else datetime.fromisoformat(settled),
            redemption=told["redemption"],
            grant_id=told.get("grant_id"),
            category=told.get("category"),
            row_version=row.version,
        )
    except (KeyError, TypeError, ValueError, BadInput):
        raise Damaged("the row of a coupon is malformed") from None
