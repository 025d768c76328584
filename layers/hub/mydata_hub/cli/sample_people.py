"""One-time enrolment links for the sample people: the laptop's stand-in for being invited."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mydata_hub.accounts.account import Role
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.enrolment import invite, read_invitation
from mydata_hub.accounts.store import account_key, read_account
from mydata_hub.cli.laptop import desk_of
from mydata_hub.config import PagesSettings
from mydata_hub.embedded.row_scan import rows_sorted_as
from mydata_hub.errors import NotFound
from mydata_hub.wiring import embedded_folder

# Whoever reads the data folder can open everything in it anyway, these links included.
FILE_NAME: Final = "sample-links.json"


@dataclass(frozen=True, slots=True)
class Sample:
    """Somebody who may enrol; `name` is also the name of the link."""

    name: str
    role: Role
    locale: str


SAMPLES: Final = (
    Sample("Jiu", Role.PERSON, "ko"),
    Sample("Minho", Role.PERSON, "ko"),
    Sample("Hana", Role.PERSON, "en"),
    Sample("auditor", Role.AUDITOR, "ko"),
    Sample("operator", Role.OPERATOR, "ko"),
)


def sample_links(environment: Mapping[str, str]) -> dict[str, str]:
    """Links of the samples who have not enrolled yet, by name; a link that still works stays.

    `environment` is that of the pages function, whose tables these are.
    """
    settings = PagesSettings.read(environment)
    folder = embedded_folder(settings)
    assert folder is not None
    desk = desk_of(settings)
    enrolled = _enrolled(folder, settings.accounts_table)
    kept = _read(folder / FILE_NAME)
    paths: dict[str, str] = {}
    for sample in SAMPLES:
        if (sample.name, sample.role) in enrolled:
            continue
        path = kept.get(sample.name)
        if path is None or not _still_works(desk, path):
            path = invite(desk, sample.role, sample.name, sample.locale)
        paths[sample.name] = path
    _write(folder / FILE_NAME, paths)
    return {name: settings.issuer + path for name, path in paths.items()}


def _enrolled(folder: Path, accounts_table: str) -> set[tuple[str, Role]]:
    accounts = (
        read_account(row) for row in rows_sorted_as(folder, accounts_table, account_key("-").sort)
    )
    return {(account.name, account.role) for account in accounts}


def _still_works(desk: Desk, path: str) -> bool:
    try:
        read_invitation(desk, path.rpartition("/")[2])
    except NotFound:
        return False
    return True


def _read(path: Path) -> dict[str, str]:
    try:
        kept = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(link) for name, link in kept.items()} if isinstance(kept, dict) else {}


def _write(path: Path, links: Mapping[str, str]) -> None:
    # A half-written file reads as none, and then everybody gets a new link.
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(links, file)
