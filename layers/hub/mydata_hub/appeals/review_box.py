"""The box that cases lie in: sealed to the review and to nobody else.

One seed for each appeal seals the case and, later, what was decided. It is wrapped under the
vaults' master key with `purpose=review`: the person's own pages and the review open that, and no
function that answers partners does. It goes with its row, so an erasure ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import rfc8785
from pydantic import ValidationError

from mydata_hub.appeals.appeal import Appeal
from mydata_hub.appeals.case import Case, Ruling
from mydata_hub.errors import Damaged, Unopenable
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.keys import Keys
from mydata_hub.vault.committing import KEY_BYTES, open_committed, seal_committed
from mydata_hub.vault.framing import frame
from mydata_hub.vault.refusal import NotOpened

_LABEL: Final = b"mydata-hub appeal 1"
_CASE: Final = b"case"
_DECISION: Final = b"decision"


@dataclass(frozen=True, slots=True)
class ReviewBox:
    """What wraps and unwraps the seeds of appeals: a master key, for `purpose=review` alone."""

    keys: Keys

    def seal(self, appeal_id: str, case: Case, entropy: Entropy) -> tuple[bytes, bytes]:
        """The wrapped seed, and the case under it. Raises Busy."""
        seed = entropy.token(KEY_BYTES)
        wrapped = self.keys.wrap(seed, _context(appeal_id))
        return wrapped, _seal(seed, appeal_id, _CASE, case.model_dump(mode="json"))

    def seal_ruling(self, appeal: Appeal, ruling: Ruling) -> bytes:
        """What was decided, under the seed of the case. Raises Damaged, Busy."""
        seed = self._seed(appeal)
        return _seal(seed, appeal.appeal_id, _DECISION, ruling.model_dump(mode="json"))

    def open(self, appeal: Appeal) -> tuple[Case, Ruling | None]:
        """The case and, once there is one, the decision, for one call of the key service.

        Raises Damaged where they do not open, Busy.
        """
        seed, name = self._seed(appeal), appeal.appeal_id
        try:
            case = Case.model_validate_json(_open(seed, name, _CASE, appeal.case))
            if appeal.ruling is None:
                return case, None
            ruling = _open(seed, name, _DECISION, appeal.ruling)
            return case, Ruling.model_validate_json(ruling)
        except ValidationError:
            raise Damaged("a case is not what was written") from None

    def _seed(self, appeal: Appeal) -> bytes:
        try:
            return self.keys.unwrap(appeal.wrapped, _context(appeal.appeal_id))
        except Unopenable:
            raise Damaged("a case does not open") from None


def _context(appeal_id: str) -> dict[str, str]:
    # An audit trail shows this in clear: the id is random and names nobody.
    return {"appeal": appeal_id, "purpose": "review"}


def _seal(seed: bytes, appeal_id: str, part: bytes, content: Mapping[str, Any]) -> bytes:
    return bytes(
        seal_committed(
            seed,
            salt=part,
            label=_LABEL,
            header=_header(appeal_id, part),
            content=rfc8785.dumps(dict(content)),
        )
    )


def _open(seed: bytes, appeal_id: str, part: bytes, sealed: bytes) -> bytes:
    try:
        return open_committed(
            seed, salt=part, label=_LABEL, header=_header(appeal_id, part), sealed=sealed
        )
    except NotOpened:
        raise Damaged("a case does not open") from None


def _header(appeal_id: str, part: bytes) -> bytes:
    return frame(_LABEL, part, appeal_id.encode())
