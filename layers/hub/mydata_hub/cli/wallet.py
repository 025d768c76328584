"""The software passkeys that the command line keeps for people, in the hub's data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

import click

from mydata_hub.cli.passkey import SoftwarePasskey

FOLDER_NAME: Final = "passkeys"
FIRST: Final = "first"
MAX_QUOTED: Final = 200


@dataclass(frozen=True, slots=True)
class Wallet:
    """`<folder>/passkeys/<person>/<label>.json`, names percent-encoded; every file mode 0600."""

    folder: Path

    def people(self) -> dict[str, list[str]]:
        """Whose passkeys are here: name -> labels."""
        found: dict[str, list[str]] = {}
        for file in sorted((self.folder / FOLDER_NAME).glob("*/*.json")):
            found.setdefault(unquote(file.parent.name), []).append(unquote(file.stem))
        return found

    def path(self, name: str, label: str) -> Path:
        """Where a passkey is kept. Raises UsageError for names that no file can have."""
        try:
            parts = [quote(part, safe="") for part in (name, label)]
        except UnicodeEncodeError:
            raise click.UsageError("a name or label is not Unicode text") from None
        if any(not part.strip(".") or len(part) > MAX_QUOTED for part in parts):
            raise click.UsageError("a name or label is empty or too long")
        return self.folder / FOLDER_NAME / parts[0] / f"{parts[1]}.json"

    def require_free(self, name: str, label: str) -> Path:
        """The path of a passkey to be. Raises ClickException when there is one."""
        path = self.path(name, label)
        if path.exists():
            raise click.ClickException(f"{name} has a passkey {label} here; choose another name")
        return path

    def keep(self, path: Path, passkey: SoftwarePasskey) -> None:
        """Store a passkey that was not there."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        passkey.save(path)

    def load(self, name: str, label: str) -> SoftwarePasskey:
        """The passkey of a person. Raises ClickException when there is none."""
        path = self.path(name, label)
        if not path.exists():
            known = ", ".join(self.people()) or "nobody yet"
            raise click.ClickException(f"no passkey {label} of {name} is here (there is: {known})")
        return SoftwarePasskey.load(path)

    def discard(self, name: str, label: str) -> None:
        """Forget a passkey; one that is gone already is fine."""
        self.path(name, label).unlink(missing_ok=True)
