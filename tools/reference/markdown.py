"""Docstrings, parameters and sources as Markdown."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Sequence

from ganzoo.config.wording import in_words
from ganzoo.config.yaml_writer import flow
from ganzoo.params import REQUIRED, parameters_of


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|").replace("``", "`") for cell in line) + " |\n" for line in lines)


def parameters_table(cls: type) -> str:
    """A component's parameters with type, default and meaning."""
    rows = []
    for parameter in parameters_of(cls):
        default = "required" if parameter.default is REQUIRED else f"`{flow(json.loads(json.dumps(parameter.default)))}`"
        rows.append((f"`{parameter.name}`", in_words(parameter.annotation), default, parameter.meaning))
    return table(("parameter", "type", "default", "meaning"), rows) if rows else "It has no parameters.\n"


def first_line(thing: object) -> str:
    """What a docstring begins with."""
    return in_markdown((inspect.getdoc(thing) or "").partition("\n")[0])


def body(thing: object) -> str:
    """A docstring without its ``Args:`` and what follows, each paragraph on a line of its own."""
    text = re.split(r"\n\s*(?:Args|Returns|Raises):\n", inspect.getdoc(thing) or "")[0]
    return in_markdown("\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n")))


def in_markdown(text: str) -> str:
    """Docstrings mark code with two backticks."""
    return text.replace("``", "`")


def linked(source: str) -> str:
    """``arXiv:NUMBER`` as a link."""
    return re.sub(r"arXiv:([\d.]*\d)", r"[arXiv:\1](https://arxiv.org/abs/\1)", source)


def sentence(text: str) -> str:
    """With a full stop."""
    return text if text.endswith(".") else f"{text}."
