"""The components and commands of the core, given through the hooks as any plugin's."""

from __future__ import annotations

from ganzoo.hookspecs import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_schedules() -> dict[str, str]:
    """The plain schedule."""
    return {"alternate": "ganzoo.builtins.schedules:Alternate"}


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """The data sets that need no files."""
    return {"digits": "ganzoo.data.digits:Digits", "ring": "ganzoo.data.toys:Ring", "grid": "ganzoo.data.toys:Grid"}


@hookimpl
def ganzoo_optimizers() -> dict[str, str]:
    """The optimizers."""
    return {
        "adam": "ganzoo.builtins.optimizers:Adam",
        "adamw": "ganzoo.builtins.optimizers:AdamW",
        "rmsprop": "ganzoo.builtins.optimizers:RMSprop",
        "sgd": "ganzoo.builtins.optimizers:SGD",
    }


@hookimpl
def ganzoo_commands() -> dict[str, str]:
    """The commands, in the order of help."""
    return {
        "run": "ganzoo.commands.run:run",
        "list": "ganzoo.commands.installed:list_",
        "info": "ganzoo.commands.installed:info",
        "plugins": "ganzoo.commands.installed:plugins",
    }
