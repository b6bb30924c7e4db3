"""Checks of commands: help can be shown, quickly, and says what each argument means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ganzoo.errors import ContractError, GanzooError
from ganzoo.registry import Component, Registry, reason

from .checks import imported_by
from .kit import Outcome


@dataclass(frozen=True)
class CommandCase:
    """One check of a command, ready to run."""

    component: Component
    check: Callable[[Component], None]

    @property
    def name(self) -> str:
        """As an identifier of a test: ``command-hello-help``."""
        return f"command-{self.component.name}-{self.check.__name__}"

    def run(self) -> Outcome:
        """Run the check."""
        title = f"command {self.component.name}"
        try:
            self.check(self.component)
        except GanzooError as error:
            return Outcome(title, self.check.__name__, "failed", str(error), error)
        except Exception as error:  # typer refuses an argument
            return Outcome(title, self.check.__name__, "failed", f"typer does not take it: {reason(error)}", error)
        return Outcome(title, self.check.__name__, "ok")


def help(component: Component) -> None:
    """It can be imported, typer takes it, and its docstring and each argument's help say what they mean."""
    import typer

    app = typer.Typer(add_completion=False)
    app.command(component.name)(component.load())
    command = typer.main.get_command(app)
    if not (command.help or "").strip():
        raise ContractError("the function has no docstring", "say in its first sentence what the command does")
    silent = [parameter.name for parameter in command.params if parameter.name != "help" and not getattr(parameter, "help", "")]
    if silent:
        raise ContractError(
            f"the argument '{silent[0]}' has no help", "annotate it with typer.Option(help=...) or typer.Argument(help=...)"
        )


def light(component: Component) -> None:
    """Its module imports no torch: ``ganzoo --help`` imports it."""
    if found := imported_by(f"import {str(component.target).partition(':')[0]}"):
        raise ContractError(f"its module imports {found}, and so does ganzoo --help", "import what is heavy inside the function")


def command_cases(registry: Registry, distribution: str) -> list[CommandCase]:
    """Every check of every command that a distribution gives."""
    return [CommandCase(c, check) for c in registry.commands if c.distribution == distribution for check in (help, light)]
