"""The entry point of `mydata`: each command is imported only when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

# Command -> "module:attribute"; `mydata --help` reads the first lines of their docstrings.
COMMANDS: Final = {
    "serve": "mydata_hub.cli.serve:serve",
    "person": "mydata_hub.cli.people:person",
    "partner": "mydata_hub.cli.partner:partner",
    "catalogue": "mydata_hub.cli.catalogue:catalogue",
    "import": "mydata_hub.cli.bring:bring",
    "auditor": "mydata_hub.cli.staff:auditor",
    "operator": "mydata_hub.cli.staff:operator",
    "offer": "mydata_hub.cli.offer:offer",
    "fsck": "mydata_hub.cli.fsck:fsck",
    "demo": "mydata_hub.cli.demo:demo",
    "backup": "mydata_hub.cli.backup:backup",
    "restore": "mydata_hub.cli.restore:restore",
    "log": "mydata_hub.cli.log:log",
    "export": "mydata_hub.cli.export:export",
    "archive": "mydata_hub.cli.archive:archive",
    "erase": "mydata_hub.cli.erase:erase",
    "certificate": "mydata_hub.cli.certificate:certificate",
    "coupon": "mydata_hub.cli.coupon:coupon",
    "receipt": "mydata_hub.cli.receipt:receipt",
    "witness": "mydata_hub.cli.witness:witness",
    "rotate": "mydata_hub.cli.rotate:rotate",
    "score": "mydata_hub.cli.score:score",
    "samples": "mydata_hub.cli.samples:samples",
}


class LazyCommands(click.Group):
    """A group that knows its commands' names at once and loads them one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.command(cls=LazyCommands)
@click.version_option(package_name="mydata-hub")
def main() -> None:
    """The MyData hub: your data stays in your vault, and services get answers."""
