"""A real witness over HTTP, killed while it works: what it cosigned it remembers, for ever."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from random import Random

import httpx
import pytest
from click.testing import CliRunner
from mydata_hub.cli.main import main
from mydata_hub.transparency.checkpoint import COSIGNATURE, VerifierKey
from mydata_hub.transparency.cosignature import verify_cosignature

from tests.unit.transparency.growing_log import GrowingLog

MYDATA = (sys.executable, "-m", "mydata_hub.cli", "witness")
LOG = GrowingLog()
FORK_AT = 2
KILLS = 3
MAX_SECONDS = 30


@contextmanager
def witness(folder, *arguments):
    """The command as an operator runs it; gives what it says when it is ready, and its process."""
    fixed = ("serve", "--data", folder, "--port", "0", "--log-key", str(LOG.key), "--json")
    process = subprocess.Popen(
        [*MYDATA, *fixed, *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield json.loads(process.stdout.readline() or "{}"), process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(MAX_SECONDS)
        process.stdout.close()


def run(*arguments):
    return CliRunner().invoke(main, ["witness", *arguments])


def ask(http, body):
    return http.post("/add-checkpoint", content=body)


def test_a_witness_killed_again_and_again_takes_back_nothing_that_it_cosigned(tmp_path):
    folder, random = str(tmp_path / "w"), Random(7)
    fork = GrowingLog(forked_at=FORK_AT)
    given, lost = 0, 0
    arguments = ["--name", "witness.example/w1"]
    for _ in range(KILLS):
        with witness(folder, *arguments) as (about, process):
            arguments = []
            key = VerifierKey.parse(about["key"], COSIGNATURE)
            assert about["url"].startswith("http://localhost:")
            with httpx.Client(base_url=about["url"]) as http:
                if given:
                    # What was answered before the kill is known now; the rest may be, too.
                    told = ask(http, LOG.request(0, given))
                    assert told.status_code == 409
                    assert told.headers["content-type"] == "text/x.tlog.size"
                    lost += int(told.text) - given
                    assert 0 <= int(told.text) - given <= 1
                    given = int(told.text)
                    for forked in (fork.request(given, given), fork.request(given, given + 3)):
                        assert ask(http, forked).status_code in (409, 422)
                threading.Timer(random.uniform(0.05, 0.3), process.kill).start()
                try:
                    while True:
                        answer = ask(http, LOG.request(given, given + 1))
                        assert answer.status_code == 200
                        note = LOG.note(given + 1) + answer.content
                        assert abs(verify_cosignature(note, key).timestamp() - time.time()) < 60
                        given += 1
                except httpx.HTTPError:
                    pass
            process.wait(MAX_SECONDS)
    assert given > KILLS
    seen = json.loads(run("seen", LOG.origin, "--data", folder, "--json").stdout)
    assert int(seen["cosigned"].split("\n")[1]) in (given, given + 1)
    # At its own size the fork was signed by the log itself, so the proof of it was kept.
    assert seen["forked"].split("\n")[0] == LOG.origin


def test_the_witness_answers_at_one_path_with_bounded_bodies_and_on_loopback_alone(tmp_path):
    folder = str(tmp_path / "w")
    with witness(folder, "--name", "witness.example/w1") as (about, process):
        with httpx.Client(base_url=about["url"]) as http:
            assert http.get("/").status_code == 404
            assert http.get("/add-checkpoint").status_code == 405
            assert ask(http, b"x" * 200_000).status_code == 413
            assert ask(http, b"nothing").status_code == 400
            assert ask(http, LOG.request(0, 3)).status_code == 200
        port = about["url"].rpartition(":")[2]
        assert set(listening_on(int(port))) <= {"0100007F", "0" * 24 + "01000000"}
        second = run("serve", "--data", folder, "--port", "0", "--log-key", str(LOG.key))
        assert second.exit_code == 1
        assert "serves this data folder" in second.stderr
    assert process.returncode == 0
    assert run("key", "--data", folder).stdout.strip() == about["key"]
    assert (tmp_path / "w" / "root.key").stat().st_mode & 0o077 == 0


def listening_on(port):
    """The local addresses, as the kernel writes them, that something listens on at this port."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            address, number = line.split()[1].rsplit(":")
            if int(number, 16) == port and line.split()[3] == "0A":
                yield address


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("key",), "--name: names the witness"),
        (("key", "--name", "a b"), "--name: names the witness"),
        (("seen", "hub.example/log"), "there is no witness in this folder"),
        (("serve", "--name", "w", "--log-key", "nonsense"), "verifier key"),
    ],
)
def test_what_an_operator_gets_wrong_is_told_with_the_remedy(tmp_path, arguments, said):
    done = run(*arguments, "--data", str(tmp_path / "w"))
    assert done.exit_code == 1
    assert said in done.stderr


def test_a_witness_that_lost_its_memory_or_is_called_another_name_does_not_start(tmp_path):
    folder = tmp_path / "w"
    assert run("key", "--data", str(folder), "--name", "w1").exit_code == 0
    renamed = run("key", "--data", str(folder), "--name", "w2")
    assert (renamed.exit_code, "another than this witness has" in renamed.stderr) == (1, True)
    for path in folder.glob("hub.sqlite3*"):
        path.unlink()
    forgot = run("key", "--data", str(folder), "--name", "w1")
    assert (forgot.exit_code, "has a key and no memory" in forgot.stderr) == (1, True)
