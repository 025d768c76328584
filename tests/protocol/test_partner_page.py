"""The snippets of the partner page run as they stand, from the key to the first token."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.protocol.conftest import HERE, STEP_SECONDS


@pytest.fixture
def snippets(hub):
    with urllib.request.urlopen(f"{hub.url}/partner", timeout=STEP_SECONDS) as page:
        text = page.read().decode()
    return [html.unescape(one) for one in re.findall(r"<pre[^>]*>(.*?)</pre>", text, re.DOTALL)]


@pytest.fixture
def shell(hub, tmp_path):
    """Run a snippet as somebody does who has copied it into a terminal."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "MYDATA_DATA": str(hub.data)}

    def run(snippet, **options):
        told = subprocess.run(
            ["sh", "-ec", snippet],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
            **options,
        )
        assert told.returncode == 0, told.stderr
        return told.stdout

    return run


def test_the_snippets_lead_from_a_key_to_a_token(snippets, shell, hub, node, mydata, tmp_path):
    look, key, register, program, start = snippets
    assert look.count(hub.url) == 4
    shell(key)
    assert "BEGIN PRIVATE KEY" in (tmp_path / "partner.key.pem").read_text()
    assert "d" not in json.loads((tmp_path / "partner.jwks.json").read_text())["keys"][0]
    client_id = shell(register).strip()
    (tmp_path / "partner.mjs").write_text(program)
    # What `npm install` would bring is here already, from the lock file.
    assert start.splitlines() == ["npm install openid-client@6", "node partner.mjs YOUR_CLIENT_ID"]
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    assert mydata("person", "add", "Reader", "--locale", "en").code == 0
    with subprocess.Popen(
        [node, "partner.mjs", client_id],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        address = process.stdout.readline().strip()
        approved = mydata("person", "approve", address, "--as", "Reader")
        assert approved.code == 0, approved.err
        out, err = process.communicate(approved.out, timeout=STEP_SECONDS)
    assert process.returncode == 0, err
    granted = json.loads(out)
    (grant,) = mydata("person", "grants", "--as", "Reader", "--json").json()["grants"]
    assert (granted["grant_id"], granted["expires_in"]) == (grant["grant_id"], 300)
    assert (grant["items"], grant["name"]) == (["commute.mode@1"], "Bicycles")
