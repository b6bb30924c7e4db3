"""The program ``ganzoo``: its own options, and whatever the hook ``ganzoo_commands`` gives. It names no command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cached_property
from importlib.metadata import version as version_of
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from ganzoo.errors import UserError
from ganzoo.registry import CORE, Component, Registry, reason

from .choosing import add_options

OTHER = "From plugins"
"""Heading of the commands whose modules name none."""
SENTENCE = 200
"""Characters that a command's first sentence may have, so that it is wrapped rather than cut short."""


def make(word: str, component: Component) -> Any:
    """The command as typer has it; one that cannot be imported or read says so where it is called."""
    try:
        with redirect_stdout(sys.stderr):  # what a plugin prints must not get into help
            function = component.load()
        return _as_command(word, function, str(getattr(sys.modules[function.__module__], "GROUP", OTHER)))
    except UserError as error:
        fault = error
    except Exception as error:  # an argument that typer does not take
        what = f"command '{component.name}' of {component.distribution} {component.version} cannot be read: {reason(error)}"
        fault = UserError(what, f"repair or uninstall {component.distribution}")
    return _as_command(word, _refusal(fault), OTHER, ignore_unknown_options=True, allow_extra_args=True)


def _as_command(word: str, function: Callable[..., Any], heading: str, **settings: bool) -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(word, rich_help_panel=heading, context_settings=settings)(function)
    return add_options(get_command(app))


def _refusal(fault: UserError) -> Callable[[], None]:
    def refuse() -> None:
        raise fault

    refuse.__doc__ = f"BROKEN: {fault.what}."
    return refuse


class Commands(TyperGroup):
    """The commands of ganzoo. Help lists them under headings, each with its first sentence and, if not the core's, where it comes from."""

    @cached_property
    def registry(self) -> Registry:
        """What is installed, which is looked up when it is needed."""
        return Registry.installed()

    @cached_property
    def words(self) -> dict[str, Component]:
        """Each command's component by the word that calls it."""
        return self.registry.command_words()

    def list_commands(self, ctx: Any) -> list[str]:
        """The words that call them."""
        return list(self.words)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command that a word calls, imported now."""
        component = self.words.get(cmd_name)
        if component is None:
            if missing := self.registry.missing("command", cmd_name):
                raise missing
            if not any(cmd_name in (c.name, c.qualified) for c in self.registry.commands):
                self.commands = self.words  # type: ignore[assignment]  # among which typer looks for the nearest
                return None
            component = self.registry.find("command", cmd_name)  # it says which distributions share the name
        return make(cmd_name, component)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each heading."""
        longest = max(map(len, self.words))
        sections: dict[str, list[tuple[str, str]]] = {}
        for word, component in self.words.items():
            command, owner = make(word, component), component.distribution
            about = command.get_short_help_str(SENTENCE) + ("" if owner == CORE else f" ({owner})")
            sections.setdefault(command.rich_help_panel, []).append((word.ljust(longest), about))
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


app = typer.Typer(
    name="ganzoo",
    cls=Commands,
    help="A GAN zoo made of plugins: train any installed generator, critic, loss and schedule that fit together.",
    epilog="Start with: ganzoo list, then ganzoo run zoo_configs/quickstart.yaml, or one of the recipes that ganzoo plugins lists",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"ganzoo {version_of(CORE)}")
        raise typer.Exit()


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks (also behind a command).")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass
