"""Every command that is written can be called, and every group reaches the ones below it."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import click
import mydata_hub.cli
from click.testing import CliRunner
from mydata_hub.cli.main import main

# What is a program of its own, or is run by importing it.
NO_COMMANDS = {"__main__"}


def written():
    for found in pkgutil.iter_modules(mydata_hub.cli.__path__):
        if found.name in NO_COMMANDS:
            continue
        module = import_module(f"mydata_hub.cli.{found.name}")
        for name, value in vars(module).items():
            if isinstance(value, click.Command):
                yield f"{found.name}.{name}", value


def below(command):
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from below(command.get_command(context, name))


def test_no_command_is_hidden_by_another_one_of_its_name():
    """click lets the second of two take the first one's place, and says nothing."""
    reached = {id(command) for command in below(main)}
    hidden = [name for name, command in written() if id(command) not in reached]
    assert hidden == []


def test_a_hidden_command_is_found():
    @click.group()
    def group() -> None:
        """A group."""

    @group.command("one")
    def first() -> None:
        """The first."""

    @group.command("one")
    def second() -> None:
        """The second."""

    reached = {id(command) for command in below(group)}
    assert id(first) not in reached
    assert id(second) in reached


def test_the_id_of_a_passkey_may_begin_like_an_option(tmp_path):
    """It is base64url, so one in 64 does."""
    words = ["person", "remove-passkey", "-Jiu_as", "--as", "Jiu", "--data", str(tmp_path)]
    told = CliRunner().invoke(main, words)
    assert told.exit_code == 1, told.output
    assert "passkey" in told.output
    assert "No such option" not in told.output
