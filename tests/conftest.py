"""What every test shares: skips that count as failures, and no stop-watch."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

# Speed is measured by the benchmarks, not asserted by tests: a busy machine is not a wrong answer.
settings.register_profile("hub", deadline=None)
settings.load_profile("hub")

# The workers take whole files, so that what a file shares is made once; the longest ones first, so
# that no worker is left with one of them when the others are through.
LONGEST: Final = (
    *("laptop", "deploy", "faults", "protocol", "samples", "browser", "evaluation", "architecture"),
)
ROOT: Final = Path(__file__).parent
NO_SKIPS: Final = os.environ.get("MYDATA_NO_SKIPS") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take long first."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(ROOT).parts[0]
    return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Continuous integration installs what tests need, so a skip there hides a missing step."""
    report = yield
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"
    return report
