"""Disclosure: what a person shows an auditor of one log-key period, and how it is held to the log.

A file of format 1 (docs/protocol.md). Its tag key finds every entry of the period in the log, so
whoever is shown it sees what was left out as well; it leads to no other period and to no other key.
Pure: the entries of the log are given, verified before.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mydata_hub.base64url import encode_base64url
from mydata_hub.errors import BadInput, FormatUnknown, HubError, Unreadable
from mydata_hub.personal_log.checking import Wrong
from mydata_hub.personal_log.period_key import is_period, log_key_period
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.leaf import (
    PERSON_DOMAIN,
    SALT_BYTES,
    Leaf,
    Opening,
    person_tag,
    unkeyed_tag,
)

KEY_DISCLOSED: Final = "key_disclosed"
FORMAT: Final = 1
KEY_BYTES: Final = 32
_NAME: Final = "the disclosure"
_Text = Annotated[str, Field(max_length=65536)]


class _Shown(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    index: int = Field(ge=0)
    salt: _Text
    payload: _Text


class _File(BaseModel):
    # Members may be added (the change rule), so those that are not known are passed over.
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    format: Literal[1]
    hub: _Text
    period: _Text
    tag_key: _Text
    record: _Shown
    entries: list[_Shown]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """An entry that is shown: its place, and what opens it."""

    index: int
    opening: Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One period of one person. `record` is the entry which says that it was disclosed: the file
    was made after it, so it holds all that the log had of the period up to there."""

    hub: str
    period: str
    tag_key: bytes = field(repr=False)
    record: Disclosed
    entries: tuple[Disclosed, ...]

    def encode(self) -> bytes:
        """The file."""
        told = {
            "format": FORMAT,
            "hub": self.hub,
            "period": self.period,
            "tag_key": encode_base64url(self.tag_key),
            "record": _plain(self.record),
            "entries": [_plain(one) for one in self.entries],
        }
        return json.dumps(told, indent=1).encode() + b"\n"

    @classmethod
    def decode(cls, content: bytes) -> Disclosure:
        """Read a file. Raises Unreadable, and FormatUnknown for another format."""
        try:
            told = json.loads(content)
            if (
                isinstance(told, dict)
                and isinstance(told.get("format"), int)
                and (told["format"] != FORMAT)
            ):
                raise FormatUnknown(f"{_NAME} has format {told['format']}")
            read = _File.model_validate(told)
            tag_key = _bytes(read.tag_key)
            record, *entries = (_disclosed(one) for one in (read.record, *read.entries))
        except ValidationError as error:
            place = error.errors(include_input=False, include_url=False)[0]["loc"]
            raise Unreadable(".".join(map(str, place)) or _NAME, "is not as it should be") from None
        except (ValueError, RecursionError):
            raise Unreadable(_NAME, "is no disclosure of a period") from None
        if not is_period(read.period) or len(tag_key) != KEY_BYTES:
            raise Unreadable("period", "is no period with its key")
        return cls(
            hub=read.hub,
            period=read.period,
            tag_key=tag_key,
            record=record,
            entries=tuple(entries),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a disclosure shows, by place, and what is wrong with it.

    `later` are the places of entries of the period that came after it was made, which it cannot
    hold; `to` is whom it was made for, as its entry in the log says.
    """

    events: Mapping[int, Event]
    wrong: tuple[Wrong, ...]
    later: tuple[int, ...]
    to: str


def check_disclosure(shown: Disclosure, leaves: Iterable[bytes]) -> Judged:
    """Hold a disclosure to every entry of a log; `leaves` are read once, in order."""
    wanted = {one.index for one in (shown.record, *shown.entries)}
    in_file = {one.index for one in shown.entries}
    held: dict[int, Leaf] = {}
    left_out: list[int] = []
    size = 0
    for index, entry in enumerate(leaves):
        size = index + 1
        leaf = Leaf.decode(entry)
        if index in wanted:
            held[index] = leaf
        if index not in in_file and _keyed(shown, leaf):
            left_out.append(index)
    to, about, wrong = _judge_record(shown, held, size)
    events, wrongs = _judge_entries(shown, held, size)
    wrong += wrongs
    wrong += [
        Wrong(_named(index), f"is of {shown.period} and about this person, and was left out")
        for index in left_out
        if index <= shown.record.index
    ]
    if len({one.subject for one in events.values()} | about) > 1:
        wrong.append(Wrong(_NAME, "holds entries about more than one person"))
    return Judged(
        events=events,
        wrong=tuple(wrong),
        later=tuple(index for index in left_out if index > shown.record.index),
        to=to,
    )


def _judge_entries(
    shown: Disclosure, held: Mapping[int, Leaf], size: int
) -> tuple[dict[int, Event], list[Wrong]]:
    events: dict[int, Event] = {}
    wrong = [
        Wrong(_named(index), "is in the file more than once")
        for index, count in Counter(one.index for one in shown.entries).items()
        if count > 1
    ]
    for one in shown.entries:
        try:
            event = _opened(one, held, size)
            _require_of_period(shown, one, held[one.index], event)
        except Unreadable as refused:
            wrong.append(Wrong(_named(one.index), refused.reason))
        else:
            events[one.index] = event
    return dict(sorted(events.items())), wrong


def _judge_record(
    shown: Disclosure, held: Mapping[int, Leaf], size: int
) -> tuple[str, set[str], list[Wrong]]:
    """For whom the disclosure was recorded, about whom, and what is wrong with that."""
    name = _named(shown.record.index)
    try:
        event = _opened(shown.record, held, size)
    except Unreadable as refused:
        return "", set(), [Wrong(name, refused.reason)]
    to = _recorded_for(event, shown.period)
    wrong = [] if to else [Wrong(name, f"does not record a disclosure of {shown.period}")]
    return to, {event.subject}, wrong


def _recorded_for(event: Event, period: str) -> str:
    """Whom an event says that a period was disclosed to; empty where it says something else."""
    try:
        told = json.loads(event.payload) if event.kind == KEY_DISCLOSED else None
    except ValueError:
        return ""
    if not isinstance(told, dict) or told.get("period") != period:
        return ""
    return str(told.get("to", ""))


def _opened(one: Disclosed, held: Mapping[int, Leaf], size: int) -> Event:
    """The event of an entry that opens what the log committed to. Raises Unreadable."""
    name, leaf = _named(one.index), held.get(one.index)
    if leaf is None:
        raise Unreadable(name, f"is not in the log, which has {size} entries")
    if one.opening.commitment(PERSON_DOMAIN) != leaf.person:
        raise Unreadable(name, "is not what the log committed to")
    try:
        return Event.decode(one.opening.payload)
    except HubError as error:
        if not isinstance(error, Unreadable | FormatUnknown | BadInput):
            raise
        raise Unreadable(name, "does not hold an event") from None


def _require_of_period(shown: Disclosure, one: Disclosed, leaf: Leaf, event: Event) -> None:
    # What was placed by a release without log keys has a tag of its own (docs/protocol.md).
    if not _keyed(shown, leaf) and unkeyed_tag(one.opening.salt) != leaf.tag:
        raise Unreadable(_named(one.index), "does not carry the tag of this person and period")
    if log_key_period(event.occurred_at) != shown.period:
        raise Unreadable(_named(one.index), f"did not happen in {shown.period}")


def _keyed(shown: Disclosure, leaf: Leaf) -> bool:
    return person_tag(shown.tag_key, leaf.person, leaf.audit) == leaf.tag


def _named(index: int) -> str:
    return f"entry {index}"


def _disclosed(told: _Shown) -> Disclosed:
    salt = _bytes(told.salt)
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has another length")
    return Disclosed(index=told.index, opening=Opening(salt, _bytes(told.payload)))


def _plain(one: Disclosed) -> dict[str, Any]:
    return {
        "index": one.index,
        "salt": encode_base64url(one.opening.salt),
        "payload": encode_base64url(one.opening.payload),
    }


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
