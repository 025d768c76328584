"""However busy a life, its profile can be sealed into the vault's row."""

from __future__ import annotations

import base64
import random
from dataclasses import replace

from mydata_hub.benefits.book import (
    MAX_EARNED,
    MAX_SPENDINGS,
    Book,
    Earned,
    earn,
    spend,
)
from mydata_hub.benefits.programme import MAX_PROGRAMMES, Programme, Terms, with_programmes
from mydata_hub.fields import Wording
from mydata_hub.insights.advance import FOLDS, new_profile
from mydata_hub.insights.offers_inbox import (
    MAX_LET_GO,
    MAX_REMEMBERED,
    Entry,
    Inbox,
    LetGo,
    with_inbox,
)
from mydata_hub.insights.payments import MAX_NAME_BYTES
from mydata_hub.insights.profile import FoldState
from mydata_hub.insights.series import SeriesFold
from mydata_hub.vault.manifest import HASH_BYTES, PAGES, Manifest
from mydata_hub.vault.profiles import MAX_SEALED_BYTES, seal_profile
from mydata_hub.vault.vault_keys import ProfileSecret

NAMED_PAYEES = 60


def full_books(draw: random.Random) -> list[Programme]:
    """As many programmes as a person can have, with all that a book remembers."""
    return [
        Programme(
            terms=Terms(
                offer_id=draw.randbytes(60).hex(),
                version=draw.randrange(2**20),
                client=draw.randbytes(20).hex(),
                kind="points",
                title=Wording(ko=draw.randbytes(30).hex(), en=draw.randbytes(30).hex()),
                merchants=tuple(draw.randbytes(3) for _ in range(20)),
                per_minor=draw.randrange(2**20),
                goal=draw.randrange(2**20),
                expires_days=draw.randrange(1096),
                amount_minor=draw.randrange(2**20),
                currency="KRW",
                until_minute=draw.randrange(2**27),
                category=draw.randbytes(8).hex(),
            ),
            since_minute=draw.randrange(2**27),
            book=full_book(draw),
        )
        for _ in range(MAX_PROGRAMMES)
    ]


def full_book(draw: random.Random) -> Book:
    book = Book()
    for month in range(MAX_EARNED):
        one = Earned(
            mark=draw.randbytes(7),
            minute=draw.randrange(2**27),
            amount=draw.randrange(1, 2**20),
            last_day=46_000 + 30 * month,
        )
        book = earn(book, one)
    for _ in range(MAX_SPENDINGS):
        book = spend(book, draw.randbytes(14), draw.randrange(1, 2**18))
    return book


def full_inbox(draw: random.Random) -> Inbox:
    """As many offers as are remembered, shown and let go, under the longest names there are."""
    ids = [f"{draw.randbytes(43).hex()}.{draw.randbytes(20).hex()}" for _ in range(MAX_REMEMBERED)]
    kinds = [draw.randbytes(8).hex() for _ in range(MAX_LET_GO)]
    entries = tuple(
        Entry(offer_id=one, day=46_000, category=kind)
        for one, kind in zip(ids, kinds, strict=False)
    )
    let_go = tuple(LetGo(name=draw.randrange(2**64), category=kind, day=46_000) for kind in kinds)
    return Inbox(snapshot=2**31, entries=entries, let_go=let_go)


def test_a_profile_of_which_every_series_is_full_of_noise_can_still_be_sealed():
    draw = random.Random(1)
    profile = new_profile("vault-1")
    folds = dict(profile.folds)
    for fold in FOLDS.values():
        if not isinstance(fold, SeriesFold):
            continue
        series = {
            dataset: base64.b64encode(draw.randbytes(capacity * fold.row_bytes)).decode()
            for dataset, capacity in fold.capacities.items()
        }
        folds[fold.id] = FoldState(version=fold.version, state={**fold.empty(), "series": series})
    names = {
        draw.randbytes(5).hex(): [draw.randbytes(MAX_NAME_BYTES // 2).hex(), "KRW"]
        for _ in range(NAMED_PAYEES)
    }
    payments = folds["payments"]
    folds["payments"] = replace(payments, state={**payments.state, "names": names})
    head = Manifest(
        vault_id="vault-1", version=1, key_version=1, segments=1, pages=bytes(PAGES * HASH_BYTES)
    )
    secret = ProfileSecret(key_version=1, key=bytes(32))

    class Fixed:
        def token(self, size):
            return draw.randbytes(size)

    profile = with_inbox(replace(profile, folds=folds), full_inbox(draw))
    encoded = with_programmes(profile, full_books(draw)).encode()
    assert len(seal_profile(encoded, 1, head, secret, Fixed())) <= MAX_SEALED_BYTES
