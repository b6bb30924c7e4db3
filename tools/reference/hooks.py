"""Every hook with its exact arguments, from the specifications that pluggy checks plugins against."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from ganzoo import hookspecs

from .markdown import in_markdown, table


def specifications() -> dict[str, Callable[..., Any]]:
    """Name to hook, in the order of the file."""
    return {name: value for name, value in vars(hookspecs).items() if hasattr(value, "ganzoo_spec")}


def giving_hooks() -> str:
    """Those that give something to ganzoo."""
    rows = [(called(name), what(hook)) for name, hook in specifications().items() if name.startswith("ganzoo_")]
    return table(("hook", "when, and what it returns"), rows)


def lifecycle_hooks() -> str:
    """Those that tell an observer what happens."""
    rows = [(called(name), f"{what(hook)} {arguments(hook)}") for name, hook in specifications().items() if not name.startswith("ganzoo_")]
    return table(("hook", "called when"), rows)


def called(name: str) -> str:
    """A hook as a call: ``step_logged(step, values)``."""
    return f"`{name}({', '.join(inspect.signature(specifications()[name]).parameters)})`"


def what(hook: Callable[..., Any]) -> str:
    """What its docstring says before the arguments, on one line."""
    return in_markdown(" ".join(re.split(r"\n\s*(?:Args|Returns|Raises):\n", inspect.getdoc(hook) or "")[0].split()))


def arguments(hook: Callable[..., Any]) -> str:
    """What its docstring says of each argument, on one line."""
    _, _, listed = (inspect.getdoc(hook) or "").partition("Args:\n")
    found = re.findall(r"^    (\w+): (.*?)(?=^    \w+: |^\S|\Z)", listed, re.MULTILINE | re.DOTALL)
    return "; ".join(f"`{name}`: {in_markdown(' '.join(meaning.split())).rstrip('.')}" for name, meaning in found) + "."
