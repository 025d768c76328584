"""The authorization server: CPU time of a request beside npm's oidc-provider and its memory.

Both get the same load: private_key_jwt, DPoP with a nonce that is demanded, PAR with a rich
authorization request, a refreshed JWT access token, introspection. The hub keeps everything in
SQLite on disk, where each commit is durable before it is answered; oidc-provider keeps it in the
memory of its process. CPU time of a process is user and system time together.

The hub is measured twice. Its function by itself is what an account runs, where HTTP is API
Gateway's; beside it stands the peer less what a bare HTTP server of the same kind takes for the
same bytes. The goal is about that. The served hub is the whole process of a laptop, with the local
gateway and all that works in the background, beside the whole process of the peer.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc.jwk import ECKey
from mydata_hub.cli.stage import ServedHub, free_port
from mydata_hub.cli.stage import run as mydata

from tests.bench.oauth_partner import (
    INTROSPECT,
    KINDS,
    OK,
    PAR,
    PURPOSE,
    REDIRECT,
    TOKEN,
    Account,
    Partner,
)
from tests.bench.oauth_servers import OneFunction, Served, one_function, started
from tests.bench.ratio import Ratio

NAME = "oauth"
HERE = Path(__file__).parent / "provider"
ROUNDS = 5
EACH = 100
# Rounds of each before anything counts: what is compiled while it runs takes 1,500 requests to
# settle. They are short, because the peer's memory forgets what 1,000 newer entries came after.
WARM_UP = {"peer": 15, "bare": 5, "hub": 1, "function": 1}
PERSON = "Bench"
WHAT = {
    PAR: "a pushed request",
    TOKEN: "a token (DPoP, JWT)",
    # The peer introspects no JWT: it is asked about an opaque token.
    INTROSPECT: "an introspection",
}


def run() -> Sequence[Ratio]:
    """Nothing but a line that says so where Node.js or the peer is missing."""
    missing = _missing()
    if missing:
        print(f"oauth: {missing}; left out", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as name:
        return list(_ratios(_measured(Path(name))))


def _missing() -> str | None:
    if sys.platform != "linux":
        return "only Linux tells the CPU time of another process as it is needed"
    if shutil.which("node") is None:
        return "Node.js is missing"
    if not (HERE / "node_modules" / "oidc-provider").is_dir():
        return "tests/bench/provider: run npm ci"
    return None


def _ratios(milliseconds: Mapping[tuple[str, str], float]) -> Iterator[Ratio]:
    for kind in KINDS:
        peer = milliseconds["peer", kind]
        yield Ratio(
            what=f"{WHAT[kind]}: CPU of the function",
            ours=milliseconds["function", kind],
            peer="oidc-provider less its HTTP, in memory",
            theirs=peer - milliseconds["bare", kind],
            unit="ms",
            goal="<= 1" if kind == TOKEN else "reported",
        )
        yield Ratio(
            what=f"{WHAT[kind]}: CPU of the served hub",
            ours=milliseconds["hub", kind],
            peer="oidc-provider, in memory",
            theirs=peer,
            unit="ms",
        )


def _measured(folder: Path) -> dict[tuple[str, str], float]:
    """CPU milliseconds of a request by who was asked and for what: the median of the rounds."""
    found: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as stack:
        asked = _everybody(folder, stack)
        for number in range(-max(WARM_UP.values()), ROUNDS):
            for kind in KINDS:
                for who, (server, account) in asked.items():
                    if number < -WARM_UP[who]:
                        continue
                    requests = account.prepare(kind, EACH)
                    seconds = server.cpu_seconds(requests, OK[kind] if who != "bare" else None)
                    if number >= 0:
                        found.setdefault((who, kind), []).append(1000 * seconds / EACH)
    return {one: statistics.median(values) for one, values in found.items()}


def _everybody(folder: Path, stack: ExitStack) -> dict[str, tuple[Served | OneFunction, Account]]:
    key = ECKey.generate_key("P-256", {"kid": "1"})
    jwks = folder / "jwks.json"
    public = key.as_dict(private=False) | {"alg": "ES256", "use": "sig"}
    jwks.write_text(json.dumps({"keys": [public]}))

    hub = ServedHub(folder / "data", free_port(), "--empty")
    hub.start()
    stack.callback(hub.stop)
    assert hub.process
    served = Served(urlsplit(hub.url).port or 0, hub.process.pid)
    ours = _account_at_the_hub(hub, key, jwks)
    function = stack.enter_context(one_function(hub.data, hub.url))

    told = _provider(stack, ours.partner.client_id, str(jwks), REDIRECT)
    peer = Served(urlsplit(told["url"]).port or 0, int(told["pid"]))
    theirs = Account(told["url"], Partner(ours.partner.client_id, key))
    opaque = {"grant_type": "refresh_token", "refresh_token": told["opaque"]}
    theirs.introspected = theirs.post(TOKEN, **opaque)["access_token"]
    theirs.refresh_token = told["refresh_token"]
    assert theirs.post(TOKEN)["access_token"].count(".") == 2, "the peer's tokens are no JWTs"

    told = _provider(stack, "bare")
    bare = Served(urlsplit(told["url"]).port or 0, int(told["pid"]))
    return {
        "function": (function, ours),
        "peer": (peer, theirs),
        "hub": (served, ours),
        "bare": (bare, theirs),
    }


def _provider(stack: ExitStack, *arguments: str) -> dict[str, str]:
    node = shutil.which("node")
    assert node
    process = stack.enter_context(started([node, "provider.mjs", *arguments], HERE))
    assert process.stdout
    told: dict[str, str] = json.loads(process.stdout.readline())
    return told


def _account_at_the_hub(hub: ServedHub, key: ECKey, jwks: Path) -> Account:
    """A partner that is registered, and the grant of a person for it."""
    data = ("--data", str(hub.data))
    made = mydata(
        *("partner", "add", "--name", "Bench", "--jwks", str(jwks), "--redirect-uri", REDIRECT),
        *("--purpose", PURPOSE, "--json", *data),
    )
    account = Account(hub.url, Partner(made.json()["client_id"], key))
    mydata("person", "add", PERSON, *data)
    asked = {"client_id": made.json()["client_id"], "request_uri": account.post(PAR)["request_uri"]}
    address = f"{hub.url}/authorize?{urlencode(asked)}"
    location = mydata("person", "approve", address, "--as", PERSON, *data).out.strip()
    tokens = account.post(
        TOKEN,
        grant_type="authorization_code",
        code=parse_qs(urlsplit(location).query)["code"][0],
        redirect_uri=REDIRECT,
        code_verifier=account.verifier,
    )
    account.refresh_token, account.introspected = tokens["refresh_token"], tokens["access_token"]
    return account
