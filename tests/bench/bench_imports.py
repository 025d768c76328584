"""Cold start: CPU time to import and build each function beside making one boto3 client."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.ratio import Ratio

NAME = "imports"
ROOT = Path(__file__).parents[2]

CLIENT = "import boto3; boto3.client('dynamodb', region_name='eu-west-1')"
FUNCTION = """
import importlib.util
spec = importlib.util.spec_from_file_location("it", {path!r})
spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""
TIMED = "import time; begun = time.process_time()\n{code}\nprint(time.process_time() - begun)"


def run() -> Sequence[Ratio]:
    """Median of five fresh processes each, in turns."""
    ratios = []
    for path in sorted((ROOT / "functions").glob("*.py")):
        ours, theirs = [], []
        for _ in range(5):
            ours.append(_cpu_ms(FUNCTION.format(path=str(path))))
            theirs.append(_cpu_ms(CLIENT))
        ratios.append(
            Ratio(
                what=f"import functions/{path.name}",
                ours=statistics.median(ours),
                peer="import boto3 and make one client",
                theirs=statistics.median(theirs),
                unit="CPU ms",
            )
        )
    return ratios


def _cpu_ms(code: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", TIMED.format(code=code)], capture_output=True, text=True, check=True
    )
    return float(done.stdout) * 1000
