"""Checking an archive to the last line: every record is one, and stands with its own segment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from mydata_hub.collection.datasets import schema_of
from mydata_hub.collection.record import Record
from mydata_hub.errors import BadInput, FormatUnknown, Unreadable
from mydata_hub.portability.archive import RECORDS, dataset_of, family_of
from mydata_hub.portability.reading import Archive, Progress

MAX_COUNT: Final = 10_000
Members = TypeVar("Members", bound=BaseModel)


class Taken(BaseModel):
    """A line of `segments`: where the next `count` records of its dataset are from."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    segment_id: str = Field(min_length=1, max_length=128)
    dataset: str
    connection_id: str = Field(min_length=1, max_length=128)
    provider_id: str
    grant_id: str
    count: int = Field(ge=1, le=MAX_COUNT)


class Source(BaseModel):
    """A line of `sources`."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    connection_id: str
    complete_until: Annotated[AwareDatetime, Field(strict=False)] | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of records: where it stands, its bytes, and what is needed to bring it."""

    file: str
    number: int
    encoded: bytes
    connection_id: str
    provenance: str
    occurred_at: datetime


def complete_until(archive: Archive) -> dict[str, datetime]:
    """How far each connection was complete at its hub, as that hub knew. Raises BadInput."""
    found: dict[str, datetime] = {}
    for name, number, line in _lines(archive, "sources"):
        source = _read(Source, name, number, line)
        if source.complete_until:
            found[source.connection_id] = source.complete_until
    return found


def batches(archive: Archive, *, checked: bool = False) -> Iterator[tuple[Taken, list[Line]]]:
    """Each segment with its records, in the order of the archive; at most 10,000 at a time.

    `checked` where `check_records` has just passed: then records are not read to the last field.
    Raises BadInput, naming file and line, for what is no record or no segment, for a record that
    is not its segment's, and where there are more or fewer than the segments say.
    """
    streams: dict[str, Iterator[Line]] = {}
    for name, number, line in _lines(archive, "segments"):
        taken = _read(Taken, name, number, line)
        if taken.dataset not in streams:
            streams[taken.dataset] = records(archive, taken.dataset, checked=checked)
        found = []
        for one in streams[taken.dataset]:
            if one.connection_id != taken.connection_id:
                raise BadInput(_place(one.file, one.number), "is of another connection")
            found.append(one)
            if len(found) == taken.count:
                break
        if len(found) < taken.count:
            raise BadInput(_place(name, number), "says more records than there are")
        yield taken, found
    datasets = {dataset_of(family_of(file.name) or "") for file in archive.manifest.files}
    for dataset in sorted(filter(None, datasets)):
        for one in streams.get(dataset) or records(archive, dataset):
            raise BadInput(_place(one.file, one.number), "belongs to no segment")


def check_records(archive: Archive, progress: Progress = lambda *_: None) -> int:
    """Read every record once; gives how many there are. Raises BadInput."""
    count = 0
    for _taken, found in batches(archive):
        count += len(found)
        progress(count, archive.manifest.vault.records)
    if count != archive.manifest.vault.records:
        raise BadInput("manifest.json", "says another number of records than there are")
    return count


def records(archive: Archive, dataset: str, *, checked: bool = False) -> Iterator[Line]:
    """The records of one dataset. Raises BadInput, naming file and line."""
    for name, number, line in _lines(archive, RECORDS + dataset):
        if not checked:
            _check(name, number, line, dataset)
        told = json.loads(line)
        occurred_at = datetime.fromisoformat(told["occurred_at"])
        yield Line(name, number, line, told["connection_id"], told["provenance"], occurred_at)


def _check(name: str, number: int, line: bytes, dataset: str) -> None:
    place = _place(name, number)
    try:
        record = Record.decode(line)
        schema_of(record.dataset, record.schema_version).check(record.body)
    except (Unreadable, BadInput) as error:
        wrong = error.field
        raise BadInput(place, f"is no record: {wrong}; take the archive anew") from None
    except FormatUnknown:
        raise BadInput(place, "is a record of a newer format; use a newer release") from None
    if record.dataset != dataset:
        raise BadInput(place, "is of another dataset than its file")


def _lines(archive: Archive, family: str) -> Iterator[tuple[str, int, bytes]]:
    for file in archive.manifest.of_family(family):
        for number, line in enumerate(archive.lines(file), start=1):
            yield file.name, number, line


def _read(kind: type[Members], name: str, number: int, line: bytes) -> Members:
    try:
        return kind.model_validate(json.loads(line))
    except (ValueError, RecursionError, ValidationError):
        raise BadInput(_place(name, number), f"is no line of {family_of(name)}") from None


def _place(name: str, number: int) -> str:
    return f"{name}, line {number}"
