"""Where the evaluation data lies; it is never copied into this project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "MYDATA_EVALUATION_DATA"
DEFAULT: Final = Path(__file__).resolve().parents[3] / "shared" / "data"


def evaluation_data() -> Path | None:
    """The folder of real data, or None where this machine has none."""
    folder = Path(os.environ.get(VARIABLE, DEFAULT))
    return folder if folder.is_dir() else None
