"""The sample providers, served once for the tests of this folder; faults do not outlive a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.samples.sample_world import Samples, served


@pytest.fixture(scope="session")
def served_samples() -> Iterator[Samples]:
    with served() as samples:
        yield samples


@pytest.fixture
def samples(served_samples: Samples) -> Iterator[Samples]:
    yield served_samples
    served_samples.admin("DELETE", "faults")
