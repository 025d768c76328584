"""`mydata serve`: the hub of this machine, from template.yaml and the handlers in functions/."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from mydata_hub.cli.children import children
from mydata_hub.cli.client import RUNNING_HUB, data_option
from mydata_hub.cli.laptop import laptop_deployment, pages_environment
from mydata_hub.cli.sample_partners import serve_partners
from mydata_hub.cli.sample_people import sample_links
from mydata_hub.cli.sample_providers import register_samples, serve_providers
from mydata_hub.embedded.deployment import Deployment
from mydata_hub.embedded.durable_files import make_folder
from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.gateway import Gateway
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.server import (
    announced,
    listen_on_loopback,
    serve_until_told,
    sole_server_of,
)
from mydata_hub.embedded.unfinished import require_restored
from mydata_hub.embedded.worker import Worker
from mydata_hub.errors import HubError
from mydata_hub.transparency.cosigning import read_witnesses

DEFAULT_PORT = 8787
WORKER_STOP_SECONDS = 3.0
MAX_LINE_CHARACTERS = 1000
SEQUENCER = "SequenceLog"  # in template.yaml


@dataclass(frozen=True, slots=True)
class Hub:
    """Everything of a hub that runs in this process."""

    deployment: Deployment
    invoker: Invoker
    worker: Worker
    gateway: Gateway


@click.command()
@data_option
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port on localhost; 0 takes a free one.",
)
@click.option(
    "--witness",
    "witnesses",
    nargs=2,
    multiple=True,
    metavar="VKEY URL",
    help="A witness of the log: its verifier key and its address; may be given again.",
)
@click.option(
    "--dpop-nonce",
    type=click.Choice(["required", "optional"]),
    default="required",
    show_default=True,
    help="Whether partners' proofs at the token endpoint need a nonce of the hub's.",
)
@click.option("--empty", is_flag=True, help="No sample people and no sample providers.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
def serve(
    data: Path,
    port: int,
    witnesses: tuple[tuple[str, str], ...],
    dpop_nonce: str,
    empty: bool,
    as_json: bool,
) -> None:
    """Serve the hub on this machine until it is told to stop.

    It answers on localhost only. What the functions log goes to standard error.
    """
    answer = sys.stdout
    try:
        # The answer of this command stays apart from what the functions print.
        with redirect_stdout(sys.stderr):
            named = ",".join(map(" ".join, witnesses))
            read_witnesses(named)  # what is wrong with it is told here, not in a function's log
            chosen = {"Witnesses": named, "DpopNonce": dpop_nonce}
            ended = _serve(data.absolute(), port, chosen, answer, empty=empty, as_json=as_json)
    except HubError as error:
        raise click.ClickException(str(error)) from None
    if not ended:
        # A handler is still at it and no thread can be stopped: all it has committed is durable,
        # and what it was called for is delivered again.
        answer.flush()
        os._exit(0)


def _serve(
    data: Path,
    port: int,
    chosen: Mapping[str, str],
    answer: TextIO,
    *,
    empty: bool,
    as_json: bool,
) -> bool:
    """Serve until told to stop; False when a handler still runs after its time to finish."""
    make_folder(data)
    require_restored(data)
    with sole_server_of(data):
        sockets = listen_on_loopback(port)
        url = f"http://localhost:{sockets[0].getsockname()[1]}"
        hub = _hub(data, url, chosen)
        links = {} if empty else sample_links(pages_environment(hub.deployment))
        about: dict[str, object] = {"url": url, "pid": os.getpid()}

        samples = nullcontext() if empty else _samples(data, url, hub)
        with samples as partners, announced(data / RUNNING_HUB, about), _working(hub):

            def tell() -> None:
                if as_json:
                    told = {**about, "links": links, "partners": partners or {}}
                    answer.write(json.dumps(told) + "\n")
                    answer.flush()
                else:
                    _print(Console(file=answer), url, links, partners or {})

            serve_until_told(hub.gateway, sockets, tell)
        return hub.invoker.wait_until_idle(0)


@contextmanager
def _samples(data: Path, url: str, hub: Hub) -> Iterator[dict[str, str]]:
    """The sample providers, known to the hub, and the sample partners, by their addresses."""
    with children() as started:
        # The providers first: they are waited for, and partners start on their own time.
        register_samples(hub.invoker, serve_providers(data, url, started))
        yield serve_partners(data, url, hub.deployment, started)


@contextmanager
def _working(hub: Hub) -> Iterator[None]:
    hub.worker.start()
    try:
        yield
    finally:
        hub.gateway.close()
        hub.worker.stop(WORKER_STOP_SECONDS)


def _hub(data: Path, url: str, chosen: Mapping[str, str]) -> Hub:
    deployment = laptop_deployment(data, url, **chosen)
    invoker = Invoker(deployment)
    worker = Worker(deployment, invoker, SqliteFeed(data))
    gateway = Gateway(deployment, invoker, url, on_change=worker.wake)
    # Before anybody calls: without the log zone's key no function takes an event.
    invoker.call(SEQUENCER, {"sweep": True})
    return Hub(deployment, invoker, worker, gateway)


def _print(
    console: Console, url: str, links: Mapping[str, str], partners: Mapping[str, str]
) -> None:
    console.print(f"The hub is at [bold]{url}[/bold]. Stop it with Ctrl-C.", highlight=False)
    for trade, address in partners.items():
        console.print(f"A sample {trade} service asks at [bold]{address}[/bold].", highlight=False)
    if not links:
        return
    table = Table("who", "one-time link to enrol (24 hours)", box=None)
    for name, link in links.items():
        table.add_row(name, link)
    # Wide enough for every link: one that is broken into lines cannot be copied.
    wide = console.options.update(max_width=MAX_LINE_CHARACTERS)
    needed = Measurement.get(console, wide, table).maximum
    console.width = max(console.width, needed)
    console.print(table)
    console.print("Each makes one account with a passkey of your browser, and then it is used up.")
