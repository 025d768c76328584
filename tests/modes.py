"""How often chance is tried: a little in `make test`, and as claimed in `make test-long`."""

from __future__ import annotations

import os
from typing import Final

LONG: Final = os.environ.get("MYDATA_LONG") == "1"


def times(often: int, long: int) -> int:
    """`often` in the suite that everybody waits for, `long` where MYDATA_LONG is 1."""
    return long if LONG else often
