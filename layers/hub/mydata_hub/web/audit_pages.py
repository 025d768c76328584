"""Auditors' pages: search with sums and pictures, a random sample, and the growth between two days.

Sums are of the entries that the page looked at, and say which these are; whoever needs them of a
whole log, and wants to believe nobody, counts with `mydata auditor counts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from mydata_hub.accounts.account import Locale
from mydata_hub.errors import BadInput, BlobMissing, NotFound, NotProven
from mydata_hub.insights.purposes import PURPOSES
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.transparency.continuing import prove_continuation
from mydata_hub.transparency.counting import count
from mydata_hub.transparency.openings import Opened
from mydata_hub.transparency.sampling import draw, seed_of
from mydata_hub.transparency.searching import (
    MAX_BUNDLES,
    MAX_WORD_LETTERS,
    Search,
    at_places,
    search,
)
from mydata_hub.transparency.tiles import TILE_WIDTH
from mydata_hub.web.answers import Answer
from mydata_hub.web.auditing import MAX_INDEX, AuditFront, number_of, query_of
from mydata_hub.web.event_words import KIND_WORDS
from mydata_hub.web.language import language_of
from mydata_hub.web.request import Request
from mydata_hub.web.wording import translate

SEARCH: Final = "/auditor/search"
ROWS: Final = 100
MAX_SHOWN_SAMPLE: Final = 50
# Bars of one picture; what is smaller is in the table of the command line.
MAX_BARS: Final = 12
ASKED: Final = ("from", "to", "class", "partner", "purpose", "policy", "decision", "claim")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a picture: what it is of, how long, and where it leads."""

    words: str
    count: Any
    share: float
    href: str


def show_search(front: AuditFront, request: Request) -> Answer:
    """Entries that fit, and the sums over all that fit among the entries looked at."""
    query = query_of(request)
    wanted, start = Search.read(query), number_of(query, "start", 0, MAX_INDEX)
    _note, checkpoint = front.checkpoint()
    found = search(front.files, checkpoint.size, wanted, start, MAX_BUNDLES * TILE_WIDTH)
    front.note_access(request, wanted, checkpoint.size)
    summed, shown = count(one.payload for one in found.entries), found.entries[:ROWS]
    onward = found.entries[ROWS].index if len(found.entries) > ROWS else found.next_index
    end = checkpoint.size if found.next_index is None else found.next_index
    locale = language_of(request)
    return front.page(
        request,
        "auditor_search.html",
        checkpoint=_about(checkpoint) | {"begun": front.files.begun},
        asked={name: wanted.asked.get(name, "") for name in ASKED},
        kinds=_kinds(locale),
        purposes=sorted(PURPOSES),
        maximum=MAX_WORD_LETTERS,
        rows=_rows(shown, locale),
        found=len(found.entries),
        span=(start, max(start, end - 1)),
        onward=_link(wanted, start=str(onward)) if onward is not None else "",
        document=f"/auditor/entries?{urlencode({**wanted.asked, 'start': start})}",
        times=_bars(summed.by_time.items(), wanted, "", limit=None),
        pictures=_pictures(summed.document(), wanted, locale),
    )


def show_sample(front: AuditFront, request: Request) -> Answer:
    """Entries that nobody chose."""
    query = query_of(request)
    wanted = max(1, number_of(query, "n", 20, MAX_SHOWN_SAMPLE))
    word = query.get("word", "")
    if len(word) > MAX_WORD_LETTERS:
        raise BadInput("word", f"takes at most {MAX_WORD_LETTERS} letters")
    _note, checkpoint = front.checkpoint()
    seed = seed_of(checkpoint, word)
    places = draw(seed, checkpoint.size, wanted)
    found = at_places(front.files, checkpoint.size, places)
    front.note_access(request, Search(), checkpoint.size)
    return front.page(
        request,
        "auditor_sample.html",
        checkpoint=_about(checkpoint) | {"begun": front.files.begun},
        seed=seed.hex(),
        wanted=wanted,
        maximum=MAX_SHOWN_SAMPLE,
        word=word,
        word_letters=MAX_WORD_LETTERS,
        rows=_rows(found, language_of(request)),
    )


def show_growth(front: AuditFront, request: Request) -> Answer:
    """That the log of one day is the beginning of another day's, with the proof."""
    query = query_of(request)
    days = {name: _day(name, query.get(name, "")) for name in ("from", "to")}
    _note, latest = front.checkpoint()
    shown: dict[str, Any] = {"earlier": None, "later": None, "proof": (), "trouble": ""}
    if days["from"]:
        try:
            earlier = _on(front, days["from"])
            later = _on(front, days["to"]) if days["to"] else latest
            proven = prove_continuation(front.log, earlier, later, latest.size)
            shown |= {"proof": [one.hex() for one in proven.proof]}
            shown |= {"earlier": _about(earlier), "later": _about(later)}
        except NotFound:
            shown["trouble"] = "none"
        except (NotProven, BlobMissing):
            shown["trouble"] = "broken"
    texts = {name: day.isoformat() if day else "" for name, day in days.items()}
    return front.page(request, "auditor_growth.html", days=texts, issuer=front.issuer, **shown)


def _on(front: AuditFront, day: date) -> Checkpoint:
    return verify_checkpoint(front.log.on_day(day), VerifierKey.parse(front.log.key()))


def _day(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput(name, "takes a day such as 2026-11-20") from None


def _about(checkpoint: Checkpoint) -> dict[str, Any]:
    return {"size": checkpoint.size, "root": checkpoint.root.hex()}


def _kinds(locale: Locale) -> list[tuple[str, str]]:
    return [(kind, translate(locale, words)) for kind, words in KIND_WORDS.items()]


def _rows(entries: Sequence[Opened], locale: Locale) -> list[dict[str, Any]]:
    empty = Search()
    return [
        {
            "index": one.index,
            "document": f"/auditor/entries?start={one.index}&limit=1",
            "hour": one.payload.get("hour", ""),
            "kind": _words(one.payload.get("class", ""), locale),
            "links": {
                name: (said, _link(empty, **{name: said}))
                if (said := one.payload.get(name))
                else None
                for name in ("class", "partner", "purpose", "decision", "staff")
            },
            "rules": one.payload.get("policy_id", "").split(),
            "claims": one.payload.get("claim", "").split(),
            "bits": one.payload.get("bits", ""),
            "thing": one.payload.get("thing", ""),
        }
        for one in entries
    ]


def _pictures(told: Mapping[str, Any], wanted: Search, locale: Locale) -> dict[str, list[Bar]]:
    kinds = [
        replace(bar, words=_words(bar.words, locale))
        for bar in _bars(told["by_class"].items(), wanted, "class")
    ]
    bits = {f"{one['partner']} · {one['claim'] or '-'}": one["bits"] for one in told["bits"]}
    return {
        "class": kinds,
        "partner": _bars(told["by_partner"].items(), wanted, "partner"),
        "purpose": _bars(told["by_purpose"].items(), wanted, "purpose"),
        "decision": _bars(told["by_decision"].items(), wanted, "decision"),
        "refusals": _bars(told["refusals"].items(), wanted, "policy"),
        "bits": _bars(bits.items(), wanted, ""),
    }


def _bars(
    pairs: Iterable[tuple[str, Any]], wanted: Search, field: str, limit: int | None = MAX_BARS
) -> list[Bar]:
    shown = list(pairs)[:limit]
    longest = max((float(number) for _, number in shown), default=0.0) or 1.0
    return [
        Bar(
            words=words,
            count=number,
            share=round(100 * float(number) / longest, 2),
            href=_link(wanted, **{field: words}) if field else "",
        )
        for words, number in shown
    ]


def _link(wanted: Search, **more: str) -> str:
    return f"{SEARCH}?{urlencode({**wanted.asked, **more})}"


def _words(kind: str, locale: Locale) -> str:
    return translate(locale, KIND_WORDS.get(kind, kind))


PAGES: Final[Mapping[str, Callable[[AuditFront, Request], Answer]]] = {
    f"GET {SEARCH}": show_search,
    "GET /auditor/sample": show_sample,
    "GET /auditor/growth": show_growth,
}
