"""Profiles: what the folds remember of all records, so that every answer costs the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final

from mydata_hub.canonical import CentralObject, check_json
from mydata_hub.errors import BadInput
from mydata_hub.fields import (
    ConnectionId,
    VaultId,
    require_count,
    require_id,
    require_instant,
    require_word,
)

MAX_FOLDS: Final = 200
MAX_CONNECTIONS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldState:
    """The state of one fold, and the version of the fold that made it."""

    version: int
    state: Mapping[str, Any]

    def __post_init__(self) -> None:
        require_count("folds", self.version, 1)
        check_json("folds", self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(CentralObject):
    """Everything answers are computed from; sealed whole, advanced by compare-and-swap."""

    object_name: ClassVar[str] = "profile"

    vault_id: VaultId
    version: int
    # The manifest up to which segments have been folded in; an older profile is a replay.
    manifest_version: int
    folds: Mapping[str, FoldState]
    # When each connection was last known to be complete: an answer implies its floor.
    freshness: Mapping[ConnectionId, datetime]

    def __post_init__(self) -> None:
        require_id("vault_id", self.vault_id)
        require_count("version", self.version, 1)
        require_count("manifest_version", self.manifest_version)
        if len(self.folds) > MAX_FOLDS:
            raise BadInput("folds", f"takes at most {MAX_FOLDS} entries")
        for fold_id in self.folds:
            require_word("folds", fold_id)
        if len(self.freshness) > MAX_CONNECTIONS:
            raise BadInput("freshness", f"takes at most {MAX_CONNECTIONS} entries")
        for connection_id, at in self.freshness.items():
            require_id("freshness", connection_id)
            require_instant("freshness", at)

    def advance(
        self,
        manifest_version: int,
        folds: Mapping[str, FoldState],
        freshness: Mapping[ConnectionId, datetime],
    ) -> Profile:
        """The next version, with the named folds and connections renewed.

        Raises BadInput for a manifest before this one: a profile never goes back.
        """
        if manifest_version < self.manifest_version:
            raise BadInput("manifest_version", "takes a manifest not before the present one")
        return replace(
            self,
            version=self.version + 1,
            manifest_version=manifest_version,
            folds={**self.folds, **folds},
            freshness={**self.freshness, **freshness},
        )
