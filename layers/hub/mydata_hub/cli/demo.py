"""`mydata demo`: the whole story, told by processes that meet over HTTP, with its figures."""

from __future__ import annotations

import time

import click

from mydata_hub.cli import processes


@click.command()
@click.option("--json", "as_json", is_flag=True, help="print the figures as JSON at the end")
def demo(as_json: bool) -> None:
    """Tell the main job on this machine, with sample people as processes of their own."""
    begun = time.perf_counter()
    processes.prepare()
    # What forks imports for two seconds, and this half a second, beside it.
    from mydata_hub.cli.acts import tell_all

    tell_all(begun, as_json=as_json)
