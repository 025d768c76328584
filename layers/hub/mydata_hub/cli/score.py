"""`mydata score`: build a scorecard from a labelled table, test it, sign it, and check one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mydata_hub.cli import score_words
from mydata_hub.cli.client import json_option, tell
from mydata_hub.cli.score_fitting import require_libraries
from mydata_hub.cli.score_table import Table, read_column, read_table, read_target
from mydata_hub.errors import HubError, NotProven
from mydata_hub.scorecard.card import Card, NumericFeature
from mydata_hub.scorecard.evaluate import total_of
from mydata_hub.scorecard.quality import Quality, measure
from mydata_hub.scorecard.shipped import pinned_publishers, shipped_card
from mydata_hub.scorecard.signing import (
    CardFile,
    admit_card,
    decode_file,
    encode_file,
    sign_card,
    verify_card,
)

_readable = click.Path(exists=True, dir_okay=False, path_type=Path)
_writable = click.Path(dir_okay=False, writable=True, path_type=Path)
data_option = click.option(
    "--data", "data", required=True, type=_readable, help="a CSV file with names in its first line"
)
target_option = click.option("--target", required=True, help="the column that says who was bad")
bad_option = click.option(
    "--bad", help="its value that means bad [default: 1 of 0/1, or the rarer]"
)


@click.group()
def score() -> None:
    """Scorecards: build one from labelled data, test it, sign it, check it."""


@score.command()
@data_option
@target_option
@click.option("--drop", "dropped", multiple=True, help="a column to leave out; may be repeated")
@click.option("--categorical", "kinds", multiple=True, help="a column of kinds written as numbers")
@bad_option
@click.option("--id", "card_id", help="the card's id [default: from the file's name]")
@click.option("--card-version", default=1, show_default=True, type=click.IntRange(1, 999_999))
@click.option("--out", required=True, type=_writable, help="where to write the card, unsigned")
@json_option
def fit(
    data: Path,
    target: str,
    dropped: tuple[str, ...],
    kinds: tuple[str, ...],
    bad: str | None,
    card_id: str | None,
    card_version: int,
    out: Path,
    as_json: bool,
) -> None:
    """Fit a card to a labelled table; what is never used of people is left out by itself."""
    require_libraries()
    from mydata_hub.cli.score_running import Asked, fit_table

    asked = Asked(
        target=target,
        dropped=dropped,
        kinds=kinds,
        bad=bad,
        card_id=card_id or f"fitted.{data.stem.lower()}",
        version=card_version,
    )
    with _progress(quiet=as_json) as step, _refusing():
        step(f"reading {data.name}")
        table = read_table(data)
        done = fit_table(table, asked, step)
        step("measuring")
        quality = _quality(done.card, table, done.target.bads)
    _write(out, encode_file(done.card, None))
    told = _told(quality) | {
        "out": str(out),
        "card": {"id": done.card.id, "version": done.card.version, "signed": False},
        "target": {"column": target, "bad": done.target.bad, "because": done.target.how},
        "features": [feature.id for feature in done.card.features],
        "left_out": [{"column": name, "reason": reason} for name, reason in done.left_out],
        "scale": asdict(done.card.scale),
        "range": [done.card.lowest, done.card.highest],
        "unseen": _told(done.unseen),
    }
    tell(as_json, told, lambda: score_words.say_fit(told, quality, done.unseen))


@score.command()
@click.option("--card", "card_file", required=True, type=_readable, help="a card; signed or not")
@data_option
@target_option
@bad_option
@json_option
def evaluate(card_file: Path, data: Path, target: str, bad: str | None, as_json: bool) -> None:
    """Test a card on a labelled table: AUC, KS, Brier, calibration slope, tiers."""
    with _progress(quiet=as_json) as step, _refusing():
        file = decode_file(card_file.read_bytes())
        step(f"reading {data.name}")
        table = read_table(data)
        found = read_target(table, target, bad if bad is not None else file.card.bad)
        step(f"scoring {len(table.rows):,} people")
        quality = _quality(file.card, table, found.bads)
    told = _told(quality) | {
        "card": {"id": file.card.id, "version": file.card.version, "signed": _signed_by(file)},
        "target": {"column": target, "bad": found.bad, "because": found.how},
    }
    tell(as_json, told, lambda: score_words.say_evaluation(told, quality))


@score.command()
@click.argument("file", type=_readable)
@click.option("--key", "key_file", required=True, type=_readable, help="an Ed25519 key, PEM")
@click.option("--out", required=True, type=_writable, help="where to write the signed card")
@json_option
def sign(file: Path, key_file: Path, out: Path, as_json: bool) -> None:
    """Sign the card in FILE; a hub runs it once the key is pinned (docs/trust-score.md)."""
    with _refusing():
        card = decode_file(file.read_bytes()).card
        key = _read_key(key_file)
        signed = encode_file(card, sign_card(card, key))
    _write(out, signed)
    public = {**key.as_dict(private=False), "kid": key.thumbprint()}
    told = {"out": str(out), "card": {"id": card.id, "version": card.version}, "key": public}
    words = f"{card.id} version {card.version} is signed by the key {public['kid']}: {out}"
    tell(as_json, told, words)


@score.command()
@click.argument("file", type=_readable)
@json_option
def verify(file: Path, as_json: bool) -> None:
    """Would this hub run the card in FILE from now on? Exit 1 and say which row is wrong."""
    with _refusing():
        publishers = pinned_publishers()
        card = admit_card(file.read_bytes(), publishers.keys, shipped_card())
    told = {"verified": True, "card": {"id": card.id, "version": card.version}}
    tell(as_json, told, f"{card.id} version {card.version} is signed, sound, and not older.")


def _quality(card: Card, table: Table, bads: tuple[bool, ...]) -> Quality:
    """The figures of the hub's own evaluation of each row. Raises ClickException."""
    columns = [
        read_column(table, one.id, numeric=isinstance(one, NumericFeature)) for one in card.features
    ]
    names = [column.name for column in columns]
    people = zip(*(column.values for column in columns), strict=True)
    totals = (total_of(card, dict(zip(names, values, strict=True))) for values in people)
    return measure(card, zip(totals, bads, strict=True))


def _told(quality: Quality) -> dict[str, Any]:
    tiers = [{"tier": tier.name, **asdict(tier)} for tier in quality.tiers]
    return asdict(quality) | {"tiers": tiers, "falls_strictly": quality.falls_strictly}


def _signed_by(file: CardFile) -> str:
    if file.signature is None:
        return "nobody"
    try:
        verify_card(file, pinned_publishers().keys)
    except NotProven:
        return "a key that this hub does not know"
    return "a publisher that this hub knows"


def _read_key(path: Path) -> OKPKey:
    try:
        return OKPKey.import_key(path.read_bytes())
    except (JoseError, ValueError, TypeError, AttributeError):
        raise click.ClickException(f"{path.name} is not an Ed25519 key in PEM") from None


def _write(path: Path, content: bytes) -> None:
    """Write all of it or nothing. Raises ClickException."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except HubError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True, quiet=quiet)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)

        def step(what: str) -> None:
            progress.update(task, description=what)

        yield step
