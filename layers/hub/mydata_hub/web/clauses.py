"""Clauses: an answer of one's own as a part of a sentence: "you commute by subway", "...해서".

For reasons that only the person reads. An answer without a clause is told as it always is, beside
its question; so a question that is new says nothing wrong before somebody has put it into words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from mydata_hub.fields import Wording
from mydata_hub.insights.claim import NO_ANSWER, Claim
from mydata_hub.insights.rhythm import NOT_AT_ALL, RHYTHM, SOMETIMES, WEEKLY
from mydata_hub.insights.weekly import SLOTS, slot_words
from mydata_hub.web.answer_words import one_answer
from mydata_hub.web.clause_words import ANSWERS, COUNTED, RHYTHMS, TRIGGER_LINKS

_SYLLABLES: Final = range(ord("가"), ord("힣") + 1)
_FINALS: Final = 28
_DISTRICTS: Final = {
    "mobility.home_district": ("평일 아침을 {}에서 시작|하고|해서", "your weekdays begin in {}"),
    # The names of all of them end in an open syllable.
    "mobility.work_district": ("{}로 출근|하고|해서", "you commute to {}"),
}


class Clause(NamedTuple):
    """A part of a sentence: at its end, or with more to follow (Korean alone differs)."""

    ko_last: str
    ko_first: str
    en: str


def clause_of(claim: Claim, answer: str) -> Clause | None:
    """What an answer says of whoever reads it; None where nobody has put it into words."""
    if answer == NO_ANSWER:
        return None
    told = ANSWERS.get(claim.id, {}).get(answer)
    if told is not None:
        return _clause(*told)
    return _counted(claim, answer) or _rhythm(claim, answer) or _place(claim, answer)


def trigger_clause(wording: Wording) -> Clause:
    """The reason of a trigger as a part of a sentence; as it stands where nothing can follow."""
    ending = next((one for one in TRIGGER_LINKS if wording.ko.endswith(one)), None)
    first = f"{wording.ko},"
    if ending is not None:
        first = wording.ko.removesuffix(ending) + TRIGGER_LINKS[ending]
    return Clause(wording.ko, first, wording.en.removeprefix("because "))


def because(clauses: Iterable[Clause]) -> Wording:
    """One sentence of one clause or more, in their order."""
    *before, last = clauses
    return Wording(
        ko=" ".join([*(one.ko_first for one in before), last.ko_last]),
        en="because " + " and ".join([*(one.en for one in before), last.en]),
    )


def _clause(ko: str, en: str) -> Clause:
    stem, first, last = ko.split("|")
    return Clause(stem + last, stem + first, en)


def _counted(claim: Claim, answer: str) -> Clause | None:
    """A number with what it counts, as the page tells it, behind what it is."""
    told = COUNTED.get(claim.id)
    if told is None:
        return None
    # In the middle of a sentence: "under 30 %".
    number = one_answer(claim, answer, "en")
    ko = _is(told[0].format(one_answer(claim, answer, "ko")))
    return _clause(ko, told[1].format(number[:1].lower() + number[1:]))


def _rhythm(claim: Claim, answer: str) -> Clause | None:
    words = RHYTHMS.get(claim.id.removeprefix(RHYTHM))
    if words is None:
        return None
    return {
        NOT_AT_ALL: _clause(
            f"지난 30일 동안 {words.ko_not} 않|았고|아서", f"you {words.en_not} in the last 30 days"
        ),
        SOMETIMES: _clause(f"가끔 {words.ko}", f"you {words.en} now and then"),
        WEEKLY: _clause(f"거의 매주 {words.ko}", f"you {words.en} in most weeks"),
    }.get(answer)


def _place(claim: Claim, answer: str) -> Clause | None:
    if claim.id in _DISTRICTS:
        ko, en = _DISTRICTS[claim.id]
        places = (one_answer(claim, answer, "ko"), one_answer(claim, answer, "en"))
        return _clause(ko.format(places[0]), en.format(places[1]))
    if claim.id == "habits.groceries_time" and answer in SLOTS:
        when = slot_words(answer)
        return _clause(f"주로 {when.ko}에 장을 |보고|봐서", f"you mostly buy groceries {when.en}")
    return None


def _is(noun: str) -> str:
    """The noun with what makes it a predicate: "3개|고|라서", "3개 이상|이고|이라서"."""
    code = ord(noun[-1])
    closed = code in _SYLLABLES and (code - _SYLLABLES.start) % _FINALS > 0
    return f"{noun}|이고|이라서" if closed else f"{noun}|고|라서"
