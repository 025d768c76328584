"""`mydata serve` as people start it: a process of its own over a data folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.embedded.server import CannotServe, listen_on_loopback
from mydata_hub.web.guards import ROUTES

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 10


class Served:
    """One `mydata serve --json`."""

    def __init__(self, data: Path, *options: str, **popen: Any) -> None:
        self.data = data
        # No pipe: nobody reads one while it serves, and a full one would hold it up.
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            [*command(), "--data", str(data), "--port", "0", "--json", *options],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            **popen,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.url: str = self.ready["url"]

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str, float]:
        """Exit code, what it printed after the ready line, its log, and how long it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=STOP_SECONDS)
        took = time.monotonic() - begun
        with self.log as log:
            log.seek(0)
            return self.process.returncode, out, log.read(), took


def command() -> list[str]:
    return [sys.executable, "-m", "mydata_hub.cli", "serve"]


def refused(*options: str) -> str:
    """Run a serve that cannot start; gives its only line of complaint."""
    done = subprocess.run(
        [*command(), *options], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    hub = Served(tmp_path_factory.mktemp("hub") / "data")
    yield hub
    assert hub.end()[0] == 0


def test_one_line_of_json_says_where_it_is_and_whom_it_invites(served: Served) -> None:
    assert served.ready["pid"] == served.process.pid
    assert served.url.startswith("http://localhost:")
    links = served.ready["links"]
    assert list(links) == ["Jiu", "Minho", "Hana", "auditor", "operator"]
    assert all(link.startswith(f"{served.url}/enrol/") for link in links.values())
    assert len(set(links.values())) == 5


def test_hub_json_says_where_it_is(served: Served) -> None:
    about = json.loads((served.data / "hub.json").read_text())
    assert about == {"url": served.url, "pid": served.process.pid}


def test_it_serves_the_deployed_routes_and_no_others(served: Served) -> None:
    assert httpx.get(f"{served.url}/health").status_code == 200
    for route in ROUTES:
        path = route.path.replace("{tile+}", "0/000").replace("{", "").replace("}", "")
        # The first call of a function loads it, on a machine that may be busy with other tests.
        answer = httpx.request(route.method, served.url + path, timeout=30)
        assert answer.text != '{"message":"Not Found"}', route.key
        assert answer.status_code < 500, route.key
    missing = httpx.get(f"{served.url}/nobody-made-this")
    assert (missing.status_code, missing.json()) == (404, {"message": "Not Found"})


def test_an_enrolment_link_opens(served: Served) -> None:
    assert httpx.get(served.ready["links"]["Jiu"], timeout=30).status_code == 200


def test_it_listens_on_loopback_only(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)):
        pass
    outside = {
        str(found[4][0])
        for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        if not str(found[4][0]).startswith("127.")
    }
    listening = Path("/proc/net/tcp").read_text() if Path("/proc/net/tcp").exists() else ""
    own = [line.split()[1] for line in listening.splitlines() if f":{port:04X} 0" in line]
    assert all(address.startswith("0100007F:") for address in own)
    for address in outside:
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            socket.create_connection((address, port), timeout=1)


def test_the_files_of_the_data_folder_are_this_users_alone(served: Served) -> None:
    assert served.data.stat().st_mode & 0o077 == 0
    for path in served.data.iterdir():
        if path.is_file() and not path.name.endswith(("-wal", "-shm")):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_a_folder_is_served_by_one_process_only(served: Served) -> None:
    said = refused("--data", str(served.data), "--port", "0")
    assert f"process {served.process.pid}" in said
    assert "another hub" in said
    assert json.loads((served.data / "hub.json").read_text())["url"] == served.url


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        said = refused("--data", str(tmp_path / "data"), "--port", str(port))
    assert f"port {port} is taken" in said
    assert not (tmp_path / "data" / "hub.json").exists()


def test_a_port_that_is_taken_on_ipv6_alone_is_taken_too(tmp_path: Path) -> None:
    try:
        other = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with closing(other):
        port = other.getsockname()[1]
        assert "is taken" in refused("--data", str(tmp_path / "data"), "--port", str(port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_within_seconds(tmp_path: Path, number: signal.Signals) -> None:
    hub = Served(tmp_path / "data", "--empty")
    with httpx.Client() as client:
        # A connection kept open must not hold it up.
        assert client.get(f"{hub.url}/health").status_code == 200
        code, out, err, seconds = hub.end(number)
    assert (code, out) == (0, "")
    assert "Traceback" not in err
    assert seconds < 5
    assert not (hub.data / "hub.json").exists()


def test_empty_invites_nobody(tmp_path: Path) -> None:
    hub = Served(tmp_path / "data", "--empty")
    assert hub.ready["links"] == {}
    assert hub.end()[0] == 0


def test_a_kill_leaves_nothing_that_stops_the_next_start(tmp_path: Path) -> None:
    hub = Served(tmp_path / "data")
    hub.end(signal.SIGKILL)
    assert (hub.data / "hub.json").exists()
    again = Served(hub.data)
    try:
        assert json.loads((hub.data / "hub.json").read_text())["pid"] == again.process.pid
        # The links of the first start still work, so the second makes no others.
        first = {name: link.rpartition("/")[2] for name, link in hub.ready["links"].items()}
        second = {name: link.rpartition("/")[2] for name, link in again.ready["links"].items()}
        assert first == second
        assert httpx.get(again.ready["links"]["Minho"]).status_code == 200
    finally:
        assert again.end()[0] == 0


def test_who_has_enrolled_gets_no_link_again(tmp_path: Path) -> None:
    hub = Served(tmp_path / "data")
    token = hub.ready["links"]["Hana"].rpartition("/")[2]
    with httpx.Client(base_url=hub.url, headers={"origin": hub.url}) as client:
        begun = client.post(f"/enrol/{token}/options", json={}).raise_for_status().json()
        passkey = SoftwarePasskey.make()
        credential = passkey.create(begun["publicKey"], hub.url)
        done = client.post(
            "/sign-up/finish", json={"ceremony": begun["ceremony"], "credential": credential}
        )
        assert done.status_code == 201, done.text
    assert hub.end()[0] == 0
    again = Served(hub.data)
    assert again.end()[0] == 0
    assert list(again.ready["links"]) == ["Jiu", "Minho", "auditor", "operator"]


def test_people_are_shown_their_links_unbroken(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*command(), "--data", str(tmp_path / "data"), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "60"},
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(9)]
    process.terminate()
    process.communicate(timeout=STOP_SECONDS)
    assert "The hub is at http://localhost:" in lines[0]
    assert ["http://127.0.0.1:" in line for line in lines[1:3]] == [True, True]
    links = [line.split()[-1] for line in lines[4:]]
    assert [line.split()[0] for line in lines[4:]][:3] == ["Jiu", "Minho", "Hana"]
    assert all(len(link.rpartition("/enrol/")[2]) == 43 for link in links)


def test_the_data_folder_may_come_from_the_environment(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*command(), "--port", "0", "--json", "--empty"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "MYDATA_DATA": "elsewhere"},
    )
    assert process.stdout is not None
    json.loads(process.stdout.readline())
    assert (tmp_path / "elsewhere" / "hub.json").exists()
    process.terminate()
    process.communicate(timeout=STOP_SECONDS)
    assert process.returncode == 0


def test_two_listeners_never_share_a_port() -> None:
    first = listen_on_loopback(0)
    port = first[0].getsockname()[1]
    try:
        with pytest.raises(CannotServe, match="taken"):
            listen_on_loopback(port)
    finally:
        for listener in first:
            listener.close()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the wheel installs, in a folder that has no source tree around it."""
    folder = tmp_path_factory.mktemp("wheel")
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(built, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def from_wheel(site: Path, data: Path) -> Served:
    return Served(data, cwd=data.parent, env={**os.environ, "PYTHONPATH": str(site)})


def test_the_installed_package_serves_without_a_source_tree(
    installed: Path, tmp_path: Path
) -> None:
    hub = from_wheel(installed, tmp_path / "data")
    health = httpx.get(f"{hub.url}/health")
    code, _, err, _ = hub.end()
    assert (code, health.status_code) == (0, 200), err


def test_a_handler_that_hangs_does_not_keep_the_hub_from_ending(
    installed: Path, tmp_path: Path
) -> None:
    audit = installed / "mydata_hub" / "_deployment" / "functions" / "audit.py"
    sound = audit.read_text()
    audit.write_text(
        "import time\ndef build(env):\n    return lambda event, context: time.sleep(600)\n"
    )
    try:
        hub = from_wheel(installed, tmp_path / "data")
        with socket.create_connection(("127.0.0.1", int(hub.url.rpartition(":")[2]))) as waiting:
            waiting.sendall(b"GET /log/key HTTP/1.1\r\nhost: localhost\r\n\r\n")
            waiting.settimeout(0.5)
            with pytest.raises(TimeoutError):
                waiting.recv(1)
            code, _, _, seconds = hub.end()
    finally:
        audit.write_text(sound)
    assert code == 0
    assert seconds < 8
    assert not (hub.data / "hub.json").exists()
