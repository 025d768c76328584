"""The canonical encoding of the central objects: one value, one string of bytes, for ever.

An object is JSON as RFC 8785 (JCS) writes it, so its hash and its signature do not depend on who
encoded it. Frozen rules:

- `object` names the kind and `format` counts its layouts from 1; the other members are the fields.
- Every field is always there, null where it has no value: what is left out could be anything.
- Bytes are base64url without padding (RFC 4648 section 5); instants are RFC 3339 in UTC with six
  decimals and "Z"; spans are ISO 8601 in whole seconds ("PT86400S"); enumerations are their text.
- Integers stay within 53 bits (RFC 8785 section 3.2.2.3). There are no floats: amounts count minor
  units, and decimals are text with a fixed number of places.
- Bytes that would encode differently after decoding are refused, so no object has two encodings.

Change rule: a change of fields takes the next format and an `upgrade` from the one before; readers
accept both, and writers switch one release later. tests/unit/objects holds vectors of each format.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, NoReturn, Self

from mydata_hub.errors import BadInput, FormatUnknown, Unreadable

MAX_OBJECT_BYTES: Final = 8 * 1024 * 1024
MAX_DEPTH: Final = 24
MAX_INTEGER: Final = 2**53 - 1
_HEAD: Final = frozenset({"object", "format"})
_FIELD_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


class CentralObject:
    """The base of the central objects, which are frozen dataclasses: how they become bytes."""

    __slots__ = ()

    object_name: ClassVar[str]
    object_format: ClassVar[int] = 1
    # What pydantic reads when it decodes; a plain mapping, so that encoding needs no pydantic.
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"val_json_bytes": "base64"}

    def encode(self) -> bytes:
        """The canonical bytes. Raises BadInput, naming a field that has no canonical form."""
        encoded = _written(self._head() | _members(self))
        if len(encoded) > MAX_OBJECT_BYTES:
            raise BadInput(self.object_name, f"takes at most {MAX_OBJECT_BYTES} bytes")
        return encoded

    def digest(self) -> bytes:
        """SHA-256 of the canonical bytes."""
        return hashlib.sha256(self.encode()).digest()

    @classmethod
    def decode(cls, encoded: bytes) -> Self:
        """The object in canonical bytes of this format or the one before.

        Raises FormatUnknown for another format, and Unreadable, which names the field that is
        unknown, missing, of a wrong type or wrong in itself, and never tells its value.
        """
        exact = cls._decode_exact(encoded)
        return cls._decode_explaining(encoded) if exact is None else exact

    @classmethod
    def _decode_exact(cls, encoded: bytes) -> Self | None:
        """The object whose encoding these bytes are, or None, and then nobody knows yet why."""
        from pydantic import ValidationError

        if len(encoded) > MAX_OBJECT_BYTES:
            return None
        try:
            # The head is passed over here, as a foreign member or a lax spelling would be; that
            # there is none, and that the head is this one, the same bytes prove.
            kind: Any = cls
            decoded: Self = _adapter(kind).validate_json(encoded, strict=True)
            return decoded if decoded.encode() == encoded else None
        except (ValidationError, BadInput, RecursionError):
            return None

    @classmethod
    def _decode_explaining(cls, encoded: bytes) -> Self:
        members = cls._current(_parse(cls.object_name, encoded))
        names = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        for name in sorted(members.keys() - names):
            raise Unreadable(_told(name), "is not a field of this format")
        for name in sorted(names - members.keys()):
            raise Unreadable(name, "is missing")
        decoded: Self = _build(cls, members)
        again = _members(decoded)
        for name in sorted(names):
            # Lax spellings (padding, another zone, 1.50) would give one object two hashes.
            if _dumps(name, again[name]) != _dumps(name, members[name]):
                raise Unreadable(name, "is not in its canonical form")
        return decoded

    @classmethod
    def upgrade(cls, members: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG003 (for subclasses)
        """The members of format n - 1 as format n has them; for classes whose format is above 1."""
        raise FormatUnknown(f"{cls.object_name}: no format before {cls.object_format} is read")

    @classmethod
    def _head(cls) -> dict[str, Any]:
        return {"object": cls.object_name, "format": cls.object_format}

    @classmethod
    def _current(cls, members: dict[str, Any]) -> dict[str, Any]:
        if members.get("object") != cls.object_name:
            raise Unreadable("object", f"is not {cls.object_name}")
        found = members.get("format")
        if type(found) is not int:
            raise Unreadable("format", "is not a number")
        values = {name: value for name, value in members.items() if name not in _HEAD}
        if found == cls.object_format:
            return values
        if found == cls.object_format - 1 > 0:
            return cls.upgrade(values)
        raise FormatUnknown(f"format: this release reads {cls.object_name} {cls.object_format}")


def check_json(field: str, value: Any) -> None:
    """Refuse in a field of free shape what would not come back equal. Raises BadInput."""
    _check_free(field, value, 0)
    _plain(field, value)


def _check_free(field: str, value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadInput(field, f"nests at most {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        for item in value.values():
            _check_free(field, item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_free(field, item, depth + 1)
    elif not (value is None or isinstance(value, (bool, int, str))):
        raise BadInput(field, "holds only null, booleans, integers, text, lists and maps")


def _members(value: Any) -> dict[str, Any]:
    return {name: _plain(name, getattr(value, name)) for name in _field_names(value)}


def _written(plain: dict[str, Any]) -> bytes:
    """The RFC 8785 bytes of what `_plain` has made, in which there are no floats."""
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if len(text.encode("utf-16-le")) == 2 * len(text):
        # Names are ordered by UTF-16 there and by code point here, which is one order where each
        # character takes one unit; nothing else tells the two apart, and this one is in C.
        return text.encode()
    import rfc8785

    return rfc8785.dumps(plain)


def _plain(field: str, value: Any) -> Any:
    """The value as JSON has it. Raises BadInput, naming the object's field it is in."""
    if isinstance(value, str):  # which most are: to see that one is no Mapping takes longest
        return _unicode(field, value)
    match value:
        case list() | tuple():
            return [_plain(field, item) for item in value]
        case Mapping():
            return {_name(field, name): _plain(field, item) for name, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(field, getattr(value, name)) for name in _field_names(value)}
    return _scalar(field, value)


def _field_names(value: Any) -> tuple[str, ...]:
    kind: Any = type(value)
    return _names_of(kind)


@functools.cache
def _names_of(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


def _scalar(field: str, value: Any) -> bool | int | str | None:
    match value:
        case None | bool():
            return value
        case int():
            return _integer(field, value)
        case bytes():
            return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")
        case datetime():
            return _instant(field, value)
        case timedelta():
            return _seconds(field, value)
        case Decimal():
            return format(value, "f")
    raise BadInput(field, f"a {type(value).__name__} has no canonical form")


def _integer(field: str, value: int) -> int:
    if abs(value) > MAX_INTEGER:
        raise BadInput(field, "holds integers of at most 53 bits")
    return int(value)


def _seconds(field: str, span: timedelta) -> str:
    if span.microseconds or span < timedelta(0):
        raise BadInput(field, "takes whole seconds, forwards")
    return f"PT{span // timedelta(seconds=1)}S"


def _name(field: str, name: object) -> str:
    if not isinstance(name, str):
        raise BadInput(field, "takes text as names")
    return _unicode(field, name)


def _unicode(field: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput(field, "takes Unicode text, without lone surrogates") from None
    return str(text)


def _instant(field: str, at: datetime) -> str:
    if at.tzinfo is None:
        raise BadInput(field, "takes an instant with its zone")
    try:
        return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except OverflowError:
        raise BadInput(field, "takes an instant between the years 1 and 9999") from None


def _parse(object_name: str, encoded: bytes) -> dict[str, Any]:
    if len(encoded) > MAX_OBJECT_BYTES:
        raise Unreadable(object_name, f"takes at most {MAX_OBJECT_BYTES} bytes")
    try:
        members = json.loads(encoded.decode(), parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError):
        raise Unreadable(object_name, "is not JSON without floats") from None
    if not isinstance(members, dict) or _dumps(object_name, members) != encoded:
        raise Unreadable(object_name, "is not a canonical JSON object (RFC 8785)")
    return members


def _no_float(_: str) -> NoReturn:
    raise ValueError("a float")


def _dumps(field: str, value: Any) -> bytes:
    import rfc8785

    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError):
        raise Unreadable(field, "has no canonical form") from None


def _build(cls: Any, members: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    try:
        return _adapter(cls).validate_json(json.dumps(members), strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        # Deeper places can be names that a provider or a person chose.
        raise Unreadable(
            str((*first["loc"], cls.object_name)[0]), "has a wrong type or shape"
        ) from None
    except BadInput as error:
        raise Unreadable(error.field, error.remedy) from None


@functools.cache
def _adapter(cls: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(cls)


def _told(name: str) -> str:
    """A field's name if it looks like one: an unknown name may be anything, even personal data."""
    return name if _FIELD_NAME.fullmatch(name) else "a name that is no field name"
