"""What offers make of a fold: what fits is matched, and favourites earn."""

from __future__ import annotations

from mydata_hub.benefits.after_fold import keep_books
from mydata_hub.offers.matching.acts import reading_acts
from mydata_hub.offers.matching.programmes import published_terms
from mydata_hub.offers.matching.silent_match import Failed, ReadSnapshot, match_after_fold
from mydata_hub.own_vault.after_fold import AfterFold, in_turn
from mydata_hub.ports.tables import Tables


def after_fold(tables: Tables, read: ReadSnapshot, failed: Failed) -> AfterFold:
    """All of it, for `fold_records`; `read` and `failed` as in silent_match.py."""
    return in_turn(
        match_after_fold(read, failed, reading_acts(tables)),
        keep_books(tables, published_terms(read, failed)),
    )
