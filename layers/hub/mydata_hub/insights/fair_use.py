"""Fair use: of each purpose, how often, how long and how much may be asked at most.

These are outer bounds of what a partner may ask a person to agree to, and of what a consent is
used for. `policies/fair-use.json` ships with the release; an operator writes `fair-use.local.json`
beside it, whose purposes take the place of the shipped ones or are added to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mydata_hub.consent.grant import MAX_ITEMS, MAX_PER_UNIT, FrequencyUnit
from mydata_hub.errors import BadInput
from mydata_hub.fields import Purpose

SHIPPED: Final = "fair-use.json"
OWN: Final = "fair-use.local.json"
MAX_DAYS: Final = 3660
_Times = Annotated[int, Field(strict=True, ge=1, le=MAX_PER_UNIT)]


class _Says(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    ko: str = Field(min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)


class Bounds(BaseModel):
    """The bounds of one purpose; `claims` counts the questions of one consent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    says: _Says
    day: _Times
    week: _Times
    month: _Times
    days: int = Field(strict=True, ge=1, le=MAX_DAYS)
    claims: int = Field(strict=True, ge=1, le=MAX_ITEMS)

    def times(self, unit: FrequencyUnit) -> int:
        """How often in a day, a week or a month."""
        return {
            FrequencyUnit.DAY: self.day,
            FrequencyUnit.WEEK: self.week,
            FrequencyUnit.MONTH: self.month,
        }[unit]

    @property
    def age(self) -> timedelta:
        """How old a consent may become."""
        return timedelta(days=self.days)

    def view(self) -> dict[str, Any]:
        """As `GET /purposes` tells it."""
        return self.model_dump()


_PRESETS: Final = TypeAdapter(dict[str, Bounds])


@dataclass(frozen=True, slots=True)
class FairUse:
    """The bounds by purpose."""

    bounds: Mapping[str, Bounds]

    def of(self, purpose: Purpose) -> Bounds | None:
        """The bounds of a purpose; None where it has none, so nothing of it is fair."""
        return self.bounds.get(purpose)


def parse_fair_use(files: Mapping[str, str]) -> FairUse:
    """The bounds in the files of that name, the operator's last.

    Raises BadInput for a file that is not sound, and where none is shipped.
    """
    if SHIPPED not in files:
        raise BadInput("policies", f"need {SHIPPED}")
    bounds: dict[str, Bounds] = {}
    for name in (SHIPPED, OWN):
        try:
            bounds |= _PRESETS.validate_json(files.get(name, "{}"))
        except ValidationError as error:
            at = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise BadInput(name, f"takes bounds for each purpose; see {at or 'its JSON'}") from None
    return FairUse(bounds)


def read_fair_use(folder: Path) -> FairUse:
    """The bounds in a folder of policies. Raises BadInput."""
    paths = [folder / name for name in (SHIPPED, OWN)]
    return parse_fair_use({path.name: path.read_text("utf-8") for path in paths if path.is_file()})
