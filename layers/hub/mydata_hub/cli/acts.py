"""The acts of the demonstration in their order, from the first line to the last figure."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import httpx
from rich.console import Console

from mydata_hub.cli import house_acts, offer_acts, partner_acts, vault_acts
from mydata_hub.cli.house_acts import Story
from mydata_hub.cli.stage import LineFailed, ServedHub, Stage, free_port, quiet_environment
from mydata_hub.errors import HubError


def tell_all(begun: float, *, as_json: bool) -> None:
    """Tell it, and end the process with 1 at the first line that is not so.

    `begun` is when it was called for, by `time.perf_counter`.
    """
    quiet_environment()
    stage = Stage(Console(stderr=as_json))
    with tempfile.TemporaryDirectory(prefix="mydata-demo-") as folder:
        hub = ServedHub(Path(folder) / "data", free_port())
        try:
            _tell(Story(stage, hub, Path(folder)))
        except (LineFailed, HubError, click.ClickException, httpx.HTTPError) as error:
            stage.console.print(f"[red]The story ends here:[/red] {error}", highlight=False)
            sys.exit(1)
        finally:
            hub.stop()
    seconds = stage.figures["seconds"] = round(time.perf_counter() - begun, 1)
    stage.console.print(f"\nAll of it held, in {seconds} s. Nothing is left running.")
    stage.console.print("Next: make serve")
    if as_json:
        click.echo(json.dumps(stage.figures))


def _tell(story: Story) -> None:
    house_acts.start(story)
    house_acts.knock(story)
    house_acts.join(story)
    with ThreadPoolExecutor(1) as aside:
        # It is written while the vault fills.
        written = aside.submit(vault_acts.write_statement, story)
        vault_acts.collect(story)
        vault_acts.bring(story, written.result())
    vault_acts.understand(story)
    shop = partner_acts.visit_shop(story)
    with shop.http:
        partner_acts.ask(story, shop)
        partner_acts.withdraw(story, shop)
    offer_acts.offer(story)
    vault_acts.take_along(story)
    house_acts.recover(story)
    house_acts.crash(story)
    partner_acts.audit(story)
