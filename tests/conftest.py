"""What every test shares: skips that count as failures, and no stop-watch."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# Speed is measured by the benchmarks, not asserted by tests: a busy machine is not a wrong answer.
settings.register_profile("hub", deadline=None)
settings.load_profile("hub")

NO_SKIPS = os.environ.get("MYDATA_NO_SKIPS") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Continuous integration installs what tests need, so a skip there hides a missing step."""
    report = yield
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"
    return report
