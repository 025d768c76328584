"""The archive's layout, format 1: which files it has, and the manifest that lists them.

docs/export.md describes it for whoever writes another reader. Change rule: members may be added to
lines; what changes their meaning or the files takes the next format, and readers accept both for
one release.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mydata_hub.errors import BadInput

OBJECT: Final = "mydata_archive"
FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
README: Final = "README.txt"
HISTORY: Final = ("consents", "answers", "coupons", "entries")
FAMILIES: Final = ("sources", "segments", *HISTORY)
RECORDS: Final = "records/"
# A file is closed at the first part that brings it to this size, so that each can be hashed and
# sent whole, also by a browser, whose hash takes no more and no less than a whole file.
FILE_BYTES: Final = 8 * 1024 * 1024
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
MAX_LINE_BYTES: Final = 1024 * 1024
MAX_FILES: Final = 9_999
MAX_MANIFEST_BYTES: Final = 4 * 1024 * 1024
MAX_RECORDS: Final = 1_000_000
MAX_UNPACKED_BYTES: Final = 8 * 1024**3
_NAME: Final = re.compile(
    rf"({'|'.join(FAMILIES)}|records/[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)-([0-9]{{4}})\.jsonl"
)
_SHA256: Final = r"^[0-9a-f]{64}$"


class _Members(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class File(_Members):
    """A file of the archive: how many lines and bytes, and their SHA-256."""

    name: str
    lines: int = Field(ge=0)
    bytes: int = Field(ge=0, le=MAX_FILE_BYTES)
    sha256: Annotated[str, Field(pattern=_SHA256)]


class Missing(_Members):
    """A segment that the vault's manifest lists and the hub could not give, and why."""

    segment_id: str
    dataset: str
    cause: str


class AtEnd(_Members):
    """The vault when the last part was taken: another version means records came meanwhile."""

    manifest_version: int | None
    waiting: int = Field(ge=0)
    put_aside: dict[str, int]


class Vault(_Members):
    """What the archive holds of the vault: all of one version of its manifest."""

    manifest_version: int | None
    segments: int = Field(ge=0)
    records: int = Field(ge=0)
    at_end: AtEnd


class Log(_Members):
    """The log that the entries are in: its verifier key, and its checkpoint at the end."""

    key: str
    checkpoint: str


class Account(_Members):
    """Whose archive it is."""

    account_id: str
    name: str
    locale: str
    joined_at: str


class ArchiveManifest(_Members):
    """`manifest.json`."""

    object: Literal["mydata_archive"]
    format: Literal[1]
    hub: str = Field(min_length=1, max_length=300)
    export_id: str
    made_at: str
    account: Account
    vault: Vault
    missing: tuple[Missing, ...] = Field(strict=False)
    log: Log | None
    files: tuple[File, ...] = Field(strict=False, max_length=MAX_FILES)

    def of_family(self, family: str) -> tuple[File, ...]:
        """The files of one family, in their order."""
        return tuple(one for one in self.files if family_of(one.name) == family)


def file_name(family: str, number: int) -> str:
    """The name of a family's n-th file, counted from 1."""
    return f"{family}-{number:04d}.jsonl"


def family_of(name: str) -> str | None:
    """The family of a file, or None for a name that no file of an archive has."""
    found = _NAME.fullmatch(name)
    return found[1] if found else None


def dataset_of(family: str) -> str | None:
    """The dataset whose records a family holds."""
    return family.removeprefix(RECORDS) if family.startswith(RECORDS) else None


def read_manifest(encoded: bytes) -> ArchiveManifest:
    """The manifest. Raises BadInput, which says what is wrong and what to do."""
    try:
        told = json.loads(encoded)
    except (ValueError, RecursionError):
        raise BadInput(MANIFEST, "is not JSON; take the archive anew") from None
    if not isinstance(told, dict) or told.get("object") != OBJECT:
        raise BadInput(MANIFEST, "is not the manifest of a hub's archive")
    if told.get("format") != FORMAT:
        raise BadInput(
            MANIFEST, f"is of another format than {FORMAT}; use a newer release to read it"
        )
    try:
        found = ArchiveManifest.model_validate_json(encoded)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"][:3]))
        raise BadInput(
            MANIFEST, f"{place} is not what it should be; take the archive anew"
        ) from None
    for number, file in enumerate(found.files):
        if file.name != README and family_of(file.name) is None:
            raise BadInput(MANIFEST, f"files.{number} has a name that no file of an archive has")
    if sum(file.lines for file in found.files if file.name.startswith(RECORDS)) > MAX_RECORDS:
        raise BadInput(
            MANIFEST, f"lists over {MAX_RECORDS:,} records, more than an import takes at once"
        )
    if sum(file.bytes for file in found.files) > MAX_UNPACKED_BYTES:
        raise BadInput(MANIFEST, f"lists over {MAX_UNPACKED_BYTES:,} bytes of files")
    return found
