"""`mydata auditor`: read, count, sample and export the log as an auditor, over HTTP.

Whatever is shown was checked first: each opening against the leaf, and each leaf against the
checkpoint.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.auditing import Reading
from mydata_hub.cli.client import (
    HubClient,
    data_option,
    json_option,
    running_hub,
    tell,
    url_option,
)
from mydata_hub.cli.log_sources import FolderSource, HttpSource, log_client
from mydata_hub.cli.mirror import key_option, progress_bar, told_as_error
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.cli.wallet import FIRST, Wallet
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.transparency.counting import Counts, count
from mydata_hub.transparency.openings import Opened
from mydata_hub.transparency.sampling import draw, seed_of
from mydata_hub.transparency.searching import Search
from mydata_hub.transparency.verifier import Source

# In the order of a row; `leaf` and `salt` are in the lines of JSON only.
COLUMNS: Final = (
    *("index", "hour", "class", "partner", "purpose", "decision", "policy_id", "policy_hash"),
    *("claim", "bits", "thing", "hash", "staff"),
)
SHOWN: Final = ("index", "hour", "class", "partner", "purpose", "decision", "claim", "bits")
_FIELDS: Final = {
    "since": ("--from", "a day or an hour in UTC, included"),
    "until": ("--to", "a day or an hour in UTC, included"),
    "kind": ("--class", "what happened, such as claims_answered"),
    "partner": ("--partner", "a partner's client id, or a provider's id"),
    "purpose": ("--purpose", "a word of `GET /purposes`"),
    "policy": ("--policy", "a rule, or the hash of the policies"),
    "decision": ("--decision", "allow or deny"),
    "claim": ("--claim", "a claim, with or without its version"),
    "staff": ("--staff", "a member of the staff, by the pseudonym in the log"),
}


def searching(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which entries are meant."""
    for name, (option, words) in reversed(_FIELDS.items()):
        command = click.option(option, name, help=words)(command)

    @wraps(command)
    def run(**options: Any) -> None:
        asked = {_FIELDS[name][0][2:]: options.pop(name) or "" for name in _FIELDS}
        with told_as_error("the search is refused"):
            wanted = Search.read(asked)
        command(wanted=wanted, **options)

    return run


def reading(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its options and a reading of the log, signed in as an auditor."""

    @click.option("--as", "name", required=True, help="the auditor, as in `auditor enrol`")
    @click.option(
        "--mirror",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="a mirror to hold the openings to, instead of the log as served",
    )
    @key_option
    @data_option
    @url_option
    @json_option
    @wraps(command)
    def run(
        name: str,
        mirror: Path | None,
        key_text: str | None,
        data: Path,
        url: str | None,
        as_json: bool,
        **others: Any,
    ) -> None:
        address = running_hub(data, url)
        passkey = Wallet(data).load(name, FIRST)
        source: Source = FolderSource(mirror) if mirror else HttpSource(log_client(address))
        with HubClient.open(address) as hub, told_as_error("the log is not as it should be"):
            key = VerifierKey.parse(key_text) if key_text else None
            begun = Reading.begin(hub, source, key)
            hub.sign_in(passkey)
            command(begun, as_json=as_json, **others)

    return run


@click.command()
@click.argument("name")
@click.option("--link", required=True, help="the one-time link of `add`")
@data_option
@url_option
@json_option
def enrol(name: str, link: str, data: Path, url: str | None, as_json: bool) -> None:
    """Enrol by a link with a software passkey, kept in the data folder."""
    wallet, passkey = Wallet(data), SoftwarePasskey.make()
    path = wallet.require_free(name, FIRST)
    with HubClient.open(running_hub(data, url)) as hub:
        hub.enrol(passkey, link)
        state = hub.get("/account/state")
    wallet.keep(path, passkey)
    told = {"account_id": state["account_id"], "name": state["name"], "role": state["role"]}
    tell(as_json, told, f"{state['name']} ({state['role']}) has a passkey here.")


@click.command()
@searching
@click.option("--limit", default=100, show_default=True, help="how many at most")
@reading
def entries(log: Reading, wanted: Search, limit: int, as_json: bool) -> None:
    """Search the log; the hub looks, and what it shows is checked here."""
    found = list(islice(log.found(wanted), limit))
    told = {**_log(log), "entries": [_line(one) for one in found]}
    tell(as_json, told, lambda: _print_rows(found))


@click.command()
@searching
@reading
def counts(log: Reading, wanted: Search, as_json: bool) -> None:
    """Count the log here: every entry is read and checked, so no figure is the hub's word."""
    with progress_bar("reading", quiet=as_json) as progress:
        summed = count(one.payload for one in log.every(progress) if wanted.fits(one.payload))
    tell(as_json, {**_log(log), **summed.document()}, lambda: _print_counts(summed))


@click.command()
@click.option("-n", "wanted", default=20, show_default=True, help="how many entries")
@click.option("--word", default="", help="a word of yours, chosen after the checkpoint was out")
@reading
def sample(log: Reading, wanted: int, word: str, as_json: bool) -> None:
    """Draw entries at random, by a seed that comes out of the checkpoint.

    Whoever has the checkpoint draws the same ones, so neither the hub nor the auditor chose them.
    """
    seed = seed_of(log.checkpoint, word)
    drawn = [log.at(place) for place in draw(seed, log.checkpoint.size, wanted)]
    found = [one for one in drawn if one is not None]
    told = {**_log(log), "seed": seed.hex(), "entries": [_line(one) for one in found]}
    tell(as_json, told, lambda: _print_rows(found))


@click.command()
@searching
@click.option(
    "--out", "folder", required=True, type=click.Path(file_okay=False, path_type=Path),
    help="a new folder: entries.jsonl, entries.csv, and the checkpoint they belong to",
)  # fmt: skip
@reading
def export(log: Reading, wanted: Search, folder: Path, as_json: bool) -> None:
    """Write entries as lines of JSON and as CSV, with the checkpoint that they belong to.

    Every entry is read and checked, whatever is asked for, so none that fits is left out.
    """
    if folder.exists():
        raise click.UsageError("there is something at --out already")
    folder.mkdir(parents=True)
    with progress_bar("exporting", quiet=as_json) as progress:
        fitting = (one for one in log.every(progress) if wanted.fits(one.payload))
        written = _write(folder, fitting)
    # Last: a folder with a checkpoint is whole.
    (folder / "checkpoint").write_bytes(log.note)
    told = {**_log(log), "written": written, "folder": str(folder)}
    tell(as_json, told, f"{written} entries are in {folder}.")


def _write(folder: Path, found: Iterable[Opened]) -> int:
    written = 0
    with (
        (folder / "entries.jsonl").open("w", encoding="utf-8") as lines,
        (folder / "entries.csv").open("w", encoding="utf-8", newline="") as table,
    ):
        rows = csv.DictWriter(table, COLUMNS, extrasaction="ignore")
        rows.writeheader()
        for one in found:
            lines.write(json.dumps(_line(one), ensure_ascii=False) + "\n")
            rows.writerow({name: _plain(text) for name, text in _row(one).items()})
            written += 1
    return written


def _plain(text: object) -> object:
    # Threat: a spreadsheet takes a text that begins like this for a formula.
    return f"'{text}" if isinstance(text, str) and text[:1] in "=+-@\t\r" else text


def _log(log: Reading) -> dict[str, Any]:
    checkpoint = log.checkpoint
    root = checkpoint.root.hex()
    if log.begun:
        # On standard error, so that a table or JSON stays what it is.
        click.echo(f"There is no opening from before entry {log.begun}.", err=True)
    about = {"origin": checkpoint.origin, "size": checkpoint.size, "root": root}
    return {**about, "begun": log.begun}


def _line(one: Opened) -> dict[str, Any]:
    return {"index": one.index, "salt": one.salt.hex(), "payload": dict(one.payload)}


def _row(one: Opened) -> Mapping[str, object]:
    return {"index": one.index, **one.payload}


def _print_rows(found: list[Opened]) -> None:
    table = Table(*SHOWN, box=None)
    for one in found:
        table.add_row(*(str(_row(one).get(name, "")) for name in SHOWN))
    Console().print(table)
    click.echo(f"{len(found)} entries, each of which opens its leaf.")


def _print_counts(summed: Counts) -> None:
    console, told = Console(), summed.document()
    bits = {f"{one['partner']} · {one['claim'] or '-'}": one["bits"] for one in told.pop("bits")}
    click.echo(f"{told.pop('entries')} entries.")
    for name, sums in {**told, "bits": bits}.items():
        table = Table(name.replace("_", " "), "count" if name != "bits" else "bits", box=None)
        for word, number in sums.items():
            table.add_row(word, f"{number}")
        if sums:
            console.print(table)
