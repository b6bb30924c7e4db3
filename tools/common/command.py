"""How a tool's command takes its arguments and ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence

from ganzoo.errors import GanzooError, UserError, did_you_mean


def exit_code_of(tool: str, work: Callable[[], int | None]) -> int:
    """Do the work of a command: what goes wrong becomes one line, and the exit code that it has everywhere."""
    try:
        return work() or 0
    except GanzooError as error:
        print(f"{tool}: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def chosen(key: str, text: str | None, known: Mapping[str, object], noun: str = "") -> list[str]:
    """Those of ``known`` that are asked for with commas between, in their order; None: all.

    Args:
        key: the argument, for the message.
        text: what the user wrote.
        known: what can be asked for.
        noun: what such a thing is called, in the singular.

    Raises:
        UserError: for one that does not exist.
    """
    asked = text.split(",") if text else list(known)
    for name in asked:
        if name not in known:
            raise UserError(f"there is no {noun}{' ' if noun else ''}'{name}'", did_you_mean(name, known), key=key)
    return [name for name in known if name in asked]


def without_paths(arguments: Sequence[str], paths: Collection[str]) -> list[str]:
    """A command's arguments without those in ``paths``, ``--out X`` and ``--out=X`` alike: a page says what, not where."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if not skip and argument.split("=")[0] not in paths:
            kept.append(argument)
        skip = not skip and argument in paths
    return kept
