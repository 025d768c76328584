"""The wire of the Korean MyData standard: envelope, strict types, and how a row becomes a record.

The standard lets providers add fields, so unknown ones are counted and passed over; what is there
with a wrong type is refused, because a guess about money would be silent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final, NoReturn, Self, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from mydata_hub.canonical import MAX_INTEGER
from mydata_hub.collection.datasets import schema_of
from mydata_hub.collection.record import Provenance, Record, RecordId, RecordState
from mydata_hub.errors import ProviderFailed
from mydata_hub.fields import ConnectionId, Dataset

KST: Final = timezone(timedelta(hours=9))
MAX_TOKEN_LETTERS: Final = 1024
SUCCESS: Final = "00000"
# ISO 4217 minor units where they are not two.
_EXPONENTS: Final = {
    **dict.fromkeys(("KRW", "JPY", "VND", "CLP", "ISK", "PYG", "UGX", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


class Setback(StrEnum):
    """Why a page could not be had or used; the cursor stays, and other providers go on."""

    MALFORMED = "malformed"
    UNKNOWN_FIELD = "unknown_field"
    WRONG_TYPE = "wrong_type"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 (the name of a setback)
    CONSENT_ENDED = "consent_ended"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    REPEATING = "repeating"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page was asked for: the connection, the card, account or contract, and when."""

    connection_id: ConnectionId
    source: str
    at: datetime


def _stamp(value: object) -> datetime:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit():
        raise ValueError("takes digits")
    if len(value) == 8:
        value += "000000"
    if len(value) != 14:
        raise ValueError("takes 8 or 14 digits")
    return datetime.strptime(value, "%Y%m%d%H%M%S").replace(tzinfo=KST)


def _blank(value: object) -> object:
    return None if value == "" else value


Text: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=256)]
MaybeText: TypeAlias = Annotated[Text | None, BeforeValidator(_blank)]
Code: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,8}$")]
Currency: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
MaybeCurrency: TypeAlias = Annotated[Currency | None, BeforeValidator(_blank)]
Amount: TypeAlias = int | Decimal
# YYYYMMDD or YYYYMMDDhhmmss, in Korean time.
Stamp: TypeAlias = Annotated[datetime, BeforeValidator(_stamp)]
MaybeStamp: TypeAlias = Annotated[Stamp | None, BeforeValidator(_blank)]
NextPage: TypeAlias = Annotated[
    Annotated[str, StringConstraints(max_length=MAX_TOKEN_LETTERS)] | None, BeforeValidator(_blank)
]


class Row(BaseModel):
    """A row to which the standard may add fields."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")


class Page(Row):
    """What every answer of the standard has, and a check that a list came whole."""

    rsp_code: Code
    rsp_msg: str = ""
    search_timestamp: str | int | None = None
    next_page: NextPage = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        told = {**self.__dict__, **(self.model_extra or {})}
        for name, rows in self.__dict__.items():
            count = told.get(name.removesuffix("_list") + "_cnt")
            if name.endswith("_list") and count is not None and str(count) != str(len(rows)):
                raise ValueError("has another number of rows than it tells")
        return self


def rows() -> Any:
    """The default of a list: the standard leaves out a list that is empty."""
    return Field(default_factory=list)


_P = TypeVar("_P", bound=BaseModel)


def read_page(body: bytes, model: type[_P]) -> _P:
    """The page in a body. Raises ProviderFailed: MALFORMED, TRUNCATED, UNKNOWN_FIELD, WRONG_TYPE,
    or what the provider's own response code says."""
    parsed = _parse(body)
    code = parsed.get("rsp_code")
    if isinstance(code, str) and code != SUCCESS:
        raise ProviderFailed(_setback_of(code), "rsp_code tells of a failure")
    try:
        return model.model_validate(parsed)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        # An unknown name is the provider's own text and could hold anything.
        place = ".".join(str(part) for part in first["loc"][:-1]) or "the page"
        raise ProviderFailed(Setback.UNKNOWN_FIELD, f"{place} has a field that is not known")
    if first["type"] == "missing" or not place:
        raise ProviderFailed(Setback.MALFORMED, f"{place or 'a list'} is missing or cut")
    raise ProviderFailed(Setback.WRONG_TYPE, f"{place} has a wrong type or form")


def count_unknown(value: object) -> int:
    """How many fields of a page the standard did not have when this was written."""
    if isinstance(value, list):
        return sum(count_unknown(item) for item in value)
    if isinstance(value, BaseModel):
        known = sum(count_unknown(item) for item in value.__dict__.values())
        return known + len(value.model_extra or {})
    return 0


def minor(field: str, amount: Amount, currency: str) -> int:
    """The amount in minor units. Raises ProviderFailed where it is finer or larger than that."""
    found = to_minor(Decimal(amount), currency)
    if found is None:
        raise ProviderFailed(Setback.WRONG_TYPE, f"{field} is no amount in minor units")
    return found


def to_minor(amount: Decimal, currency: str) -> int | None:
    """The amount in minor units, or None where it is no whole number of them or too large."""
    # The size comes first: an exponent of a few digits would ask for gigabytes of integer.
    if abs(amount) > MAX_INTEGER:
        return None
    scaled = amount.scaleb(_EXPONENTS.get(currency, 2))
    return int(scaled) if abs(scaled) <= MAX_INTEGER and scaled == int(scaled) else None


def opaque(connection_id: ConnectionId, number: str) -> str:
    """An account's or contract's name in records: the same each time, and not its number."""
    return _digest("account", connection_id, number)[:24]


def vehicle(number: str) -> str:
    """A car's name in records: the same with every provider however its number is spaced."""
    return _digest("vehicle", "".join(number.split()))[:24]


def record_id_of(connection_id: ConnectionId, dataset: Dataset, source_id: str) -> RecordId:
    """The same fact always has the same id, so a second delivery is recognised by it alone."""
    return RecordId(_digest("record", connection_id, dataset, source_id)[:40])


def make_record(
    asked: Asked,
    dataset: Dataset,
    source_id: str,
    occurred_at: datetime,
    body: Mapping[str, Any],
    *,
    money: tuple[int, str] | None = None,
    counterparty: str | None = None,
    category: str = "unknown",
    state: RecordState = RecordState.BOOKED,
    provenance: Provenance = Provenance.COLLECTED,
) -> Record:
    """The canonical record of a fact. Raises BadInput, naming the field that cannot stand."""
    schema = schema_of(dataset)
    schema.check(body)
    return Record(
        record_id=record_id_of(asked.connection_id, dataset, source_id),
        dataset=dataset,
        schema_version=schema.version,
        connection_id=asked.connection_id,
        source_id=source_id,
        occurred_at=occurred_at,
        amount_minor=money[0] if money else None,
        currency=money[1] if money else None,
        counterparty=counterparty,
        category=category,
        state=state,
        provenance=provenance,
        body=body,
    )


def places_of(currency: str) -> int:
    """How many decimals the minor unit of a currency stands for (ISO 4217)."""
    return _EXPONENTS.get(currency, 2)


def day_text(at: datetime | None) -> str | None:
    """The Korean calendar day of an instant, as bodies hold it."""
    return None if at is None else date.isoformat(at.astimezone(KST).date())


def _digest(*parts: str) -> str:
    hashed = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        hashed.update(len(encoded).to_bytes(4, "big") + encoded)
    return hashed.hexdigest()


def _parse(body: bytes) -> dict[str, Any]:
    text = ""
    try:
        text = body.decode()
        parsed = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        setback = Setback.TRUNCATED if cut else Setback.MALFORMED
        raise ProviderFailed(setback, "the body is not JSON") from None
    except (ValueError, RecursionError, ArithmeticError):
        raise ProviderFailed(Setback.MALFORMED, "the body is not JSON in UTF-8") from None
    if not isinstance(parsed, dict):
        raise ProviderFailed(Setback.MALFORMED, "the body is not a JSON object")
    return parsed


def _no_number(_: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _setback_of(code: str) -> Setback:
    """The first three digits of a response code are those of the HTTP status."""
    match code[:3]:
        case "401":
            return Setback.TOKEN_EXPIRED
        case "403":
            return Setback.CONSENT_ENDED
        case "429":
            return Setback.THROTTLED
    return Setback.UNAVAILABLE if code.startswith("5") else Setback.REFUSED
