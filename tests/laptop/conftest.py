"""A hub served by a process of its own, once for a module's tests."""

from __future__ import annotations

import pytest
from mydata_hub.cli.stage import ServedHub, free_port


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    served = ServedHub(tmp_path_factory.mktemp("hub") / "data", free_port())
    served.start()
    yield served
    served.stop()


@pytest.fixture
def mydata(hub):
    """Run `mydata` commands on the served hub's data folder."""
    from mydata_hub.cli.stage import run

    return lambda *command: run(*command, "--data", str(hub.data))
