"""Mappings: what the columns of a bank's CSV mean, declared instead of guessed.

docs/import.md explains each field to the person who writes one.
"""

from __future__ import annotations

import json
from datetime import timedelta, timezone
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from mydata_hub.errors import BadInput

MAX_MAPPING_BYTES: Final = 16 * 1024
Column: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Columns: TypeAlias = Annotated[list[Column], Field(max_length=5)]
# One byte or one state a letter: a decoder that guesses or switches would hide broken bytes.
Encoding: TypeAlias = Literal[
    "utf-8", "cp949", "euc-kr", "cp1250", "cp1252", "iso-8859-1", "iso-8859-2"
]


class _Declared(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class AmountRule(_Declared):
    """Where the amount is and which way it goes; three forms, of which one is chosen."""

    # One signed column; `negated` where the bank writes a plus for what the person pays.
    column: Column | None = None
    sign: Literal["as_written", "negated"] = "as_written"
    # An unsigned column, and a column that says the direction in one of these words.
    direction_column: Column | None = None
    pays: list[str] = []
    receives: list[str] = []
    # A column for each direction.
    pays_column: Column | None = None
    receives_column: Column | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        halves = [self.pays_column, self.receives_column].count(None)
        directed = self.direction_column is not None
        if halves != (0 if self.column is None else 2) or (directed and halves == 0):
            raise ValueError("takes column, or pays_column and receives_column")
        if directed != bool(self.pays and self.receives) or set(self.pays) & set(self.receives):
            raise ValueError("takes direction_column with different words in pays and receives")
        return self


class StatementMapping(_Declared):
    """One bank's CSV. Columns are named as the header names them."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")]
    encoding: Encoding = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    # Lines above the header; a file without one has its columns named here.
    skip_lines: Annotated[int, Field(ge=0, le=50)] = 0
    header: list[Column] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    decimal_mark: Literal[".", ","] = "."
    thousands_mark: Literal[",", ".", " ", "'"] | None = None
    date_column: Column
    date_format: Annotated[str, StringConstraints(pattern=r"^[^%]*(%[YymdHMSIpbBj][^%]*)+$")]
    time_column: Column | None = None
    utc_offset: Annotated[str, StringConstraints(pattern=r"^[+-](0\d|1[0-4]):[0-5]\d$")] = "+09:00"
    amount: AmountRule
    # The bank's own number of a line; without it, a line is known by its contents.
    id_column: Column | None = None
    account_column: Column | None = None
    counterparty_columns: Columns = []
    memo_column: Column | None = None
    # A merchant category code (ISO 18245), four digits; read where the name says nothing.
    code_column: Column | None = None
    kind_column: Column | None = None
    balance_column: Column | None = None

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.decimal_mark == self.thousands_mark:
            raise ValueError("takes two different marks for decimals and thousands")
        return self

    @cached_property
    def zone(self) -> timezone:
        hours, minutes = int(self.utc_offset[1:3]), int(self.utc_offset[4:])
        span = timedelta(hours=hours, minutes=minutes)
        return timezone(-span if self.utc_offset[0] == "-" else span)

    @cached_property
    def columns(self) -> frozenset[str]:
        """Every column that the mapping reads."""
        rule = self.amount
        single = (
            *(self.date_column, self.time_column, self.id_column, self.account_column),
            *(self.memo_column, self.code_column, self.kind_column, self.balance_column),
            *(rule.column, rule.direction_column, rule.pays_column, rule.receives_column),
        )
        names = (*single, *self.counterparty_columns)
        return frozenset(name for name in names if name is not None)


def read_mapping(declared: bytes) -> StatementMapping:
    """The mapping in a JSON or YAML file. Raises BadInput, naming the field that is wrong."""
    if len(declared) > MAX_MAPPING_BYTES:
        raise BadInput("mapping", f"takes at most {MAX_MAPPING_BYTES} bytes")
    try:
        return StatementMapping.model_validate(_load(declared))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(("mapping", *(str(part) for part in first["loc"])))
    raise BadInput(place, first["msg"])


def _load(declared: bytes) -> Any:
    try:
        if declared.lstrip().startswith(b"{"):
            return json.loads(declared)
        return _load_yaml(declared.decode())
    except (ValueError, RecursionError):
        raise BadInput("mapping", "takes JSON or YAML in UTF-8") from None


def _load_yaml(declared: str) -> Any:
    try:
        import yaml
    except ImportError:
        # Only the laptop has a YAML reader; a deployed function takes JSON.
        raise BadInput("mapping", "takes JSON here") from None
    try:
        return yaml.safe_load(declared)
    except yaml.YAMLError:
        raise ValueError("not YAML") from None


_KR_BANK: Final = StatementMapping(
    name="kr_bank",
    currency="KRW",
    thousands_mark=",",
    date_column="거래일시",
    date_format="%Y-%m-%d %H:%M:%S",
    amount=AmountRule(pays_column="출금액", receives_column="입금액"),
    counterparty_columns=["보낸분/받는분"],
    memo_column="송금메모",
    kind_column="적요",
    balance_column="거래후잔액",
)
# The files of the PKDD'99 bank in Prague; permanent orders pay to `bank` and `account`.
_BERKA: Final = StatementMapping(
    name="berka",
    encoding="cp1250",
    delimiter=";",
    currency="CZK",
    date_column="date",
    date_format="%y%m%d",
    utc_offset="+01:00",
    amount=AmountRule(
        column="amount", direction_column="type", pays=["VYDAJ", "VYBER"], receives=["PRIJEM"]
    ),
    id_column="trans_id",
    account_column="account_id",
    counterparty_columns=["bank", "account"],
    memo_column="k_symbol",
    kind_column="operation",
    balance_column="balance",
)
BUILT_IN: Final = MappingProxyType(
    {
        mapping.name: mapping
        for mapping in (
            _KR_BANK,
            _KR_BANK.model_copy(update={"name": "kr_bank_cp949", "encoding": "cp949"}),
            _BERKA,
        )
    }
)
