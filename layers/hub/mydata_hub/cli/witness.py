"""`mydata witness`: a witness of logs, to be run where the logs it watches are not."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

import click

from mydata_hub.cli.client import json_option, tell
from mydata_hub.cli.witness_app import WitnessApp
from mydata_hub.embedded.durable_files import make_folder
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.root_key import SIGNERS
from mydata_hub.embedded.server import CannotServe, listen_on_loopback, serve_until_told
from mydata_hub.embedded.server import sole_server_of as sole_witness_of
from mydata_hub.embedded.sqlite_file import FILE_NAME
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import BadInput, Damaged, HubError, NotFound
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Key, Put
from mydata_hub.transparency.checkpoint import COSIGNATURE, VerifierKey
from mydata_hub.transparency.witness import TABLE, Witness, fork_of

DEFAULT_DATA: Final = ".witness"
DEFAULT_PORT: Final = 8799
BACKLOG: Final = 128
SIGNING_KEY: Final = "witness"
# The witness's own name, beside what it remembers of each log.
NAME: Final = Key(TABLE, "name", "own")

witness_data_option: Final = click.option(
    "--data",
    default=DEFAULT_DATA,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="the witness's folder: its key, and what it remembers of each log",
)
name_option: Final = click.option(
    "--name", help="its name, an address without a scheme; chosen once, such as witness.example/w1"
)


@click.group()
def witness() -> None:
    """A witness: cosigns what continues a log, and nothing that takes back or forks it."""


@witness.command()
@witness_data_option
@name_option
@json_option
def key(data: Path, name: str | None, as_json: bool) -> None:
    """Print the witness's verifier key; the first time, with --name, it is made."""
    with _told_as_error():
        own, _ = _own_key(data, _memory(data), name)
    tell(as_json, {"key": str(own)}, str(own))


@witness.command()
@click.argument("origin")
@witness_data_option
@json_option
def seen(origin: str, data: Path, as_json: bool) -> None:
    """The last checkpoint of the log ORIGIN that was cosigned, and proof that it forked if it did.

    Exits with 1 when it did: the two notes together are the proof.
    """
    last, fork = Key(TABLE, origin), fork_of(origin)
    with _told_as_error():
        rows = _memory(data, create=False).fetch_many(last, fork)
        if last not in rows:
            raise NotFound("the witness has cosigned nothing of that log")
    notes = {
        key.sort: bytes(cast("bytes", row.values["note"])).decode() for key, row in rows.items()
    }
    told = {"cosigned": notes[last.sort], "forked": notes.get(fork.sort)}
    words = [notes[last.sort]]
    if fork in rows:
        words.append(f"The log signed another history of that size:\n\n{notes[fork.sort]}")
    tell(as_json, told, "\n".join(words))
    sys.exit(1 if fork in rows else 0)


@witness.command()
@witness_data_option
@name_option
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="the port; 0 takes a free one",
)
@click.option(
    "--listen",
    help="an address to listen on instead of loopback; the protocol is plain HTTP, so put TLS "
    "in front of it",
)
@click.option(
    "--log-key", "log_keys", multiple=True, required=True, help="the verifier key of a log to watch"
)
@json_option
def serve(
    data: Path,
    name: str | None,
    port: int,
    listen: str | None,
    log_keys: tuple[str, ...],
    as_json: bool,
) -> None:
    """Cosign checkpoints of the given logs until told to stop (C2SP tlog-witness).

    Its folder is its memory. Never run it on a restored copy: a witness that forgot cosigns what
    it had refused. If the folder is lost, take the key out of use.
    """
    make_folder(data)
    with _told_as_error(), sole_witness_of(data):
        logs = [VerifierKey.parse(text) for text in log_keys]
        tables = _memory(data)
        own, signer = _own_key(data, tables, name)
        served = Witness(tables=tables, signer=signer, clock=SystemClock(), key=own, logs=logs)
        sockets = _listen(listen, port) if listen else listen_on_loopback(port)
        address = listen or "localhost"
        url = f"http://{address}:{sockets[0].getsockname()[1]}"
        about = {"url": url, "key": str(own), "pid": os.getpid()}

        def ready() -> None:
            tell(as_json, about, f"The witness {own.name} is at {url}. Its key: {own}")
            sys.stdout.flush()

        serve_until_told(WitnessApp(served), sockets, ready)


def _memory(data: Path, *, create: bool = True) -> SqliteTables:
    if create:
        make_folder(data)
    elif not (data / FILE_NAME).exists():
        raise NotFound("there is no witness in this folder")
    return SqliteTables(data, {TABLE: TABLE}, SystemClock())


def _own_key(data: Path, tables: SqliteTables, name: str | None) -> tuple[VerifierKey, LocalSigner]:
    """The witness's key, made if it has none yet.

    Raises BadInput for a name that is missing, malformed or another than before, Damaged when
    there is a key and no memory: such a witness would cosign what it has forgotten to refuse.
    """
    row = tables.fetch_many(NAME).get(NAME)
    if row is None:
        if (data / SIGNERS).exists():
            raise Damaged("the witness has a key and no memory: take that key out of use")
        if not name or not re.fullmatch(r"[^\s+]+", name):
            raise BadInput("--name", "names the witness, without spaces and without +")
        # The name first: a crash between the two leaves a memory without a key, which is harmless.
        tables.commit(Put(key=NAME, values={"name": name}, when=Absent()))
    elif name not in (None, row.values["name"]):
        raise BadInput("--name", "is another than this witness has")
    own = str(tables.fetch_many(NAME)[NAME].values["name"])
    signer = LocalSigner(data, SIGNING_KEY, "EdDSA")
    return VerifierKey.of(own, signer.public_key(), COSIGNATURE), signer


def _listen(address: str, port: int) -> list[socket.socket]:
    try:
        return [socket.create_server((address, port), backlog=BACKLOG)]
    except OSError as error:
        raise CannotServe(f"cannot listen on that address: {error.strerror}") from None


@contextmanager
def _told_as_error() -> Iterator[None]:
    try:
        yield
    except HubError as error:
        raise click.ClickException(str(error)) from None
