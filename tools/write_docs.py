"""Writes those parts of the documentation that the code knows best: the components and the keys of a configuration.

Run it after changing either: ``.venv/bin/python tools/write_docs.py``. A part stands between two comments,
``<!-- NAME: written by tools/write_docs.py -->`` and ``<!-- end of NAME -->``; what is around it is written by hand.
``tests/test_docs.py`` fails where a part is not what this script would write.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import tomllib
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from ganzoo.config.optimizers import OPTIMIZERS
from ganzoo.config.settings import SECTIONS, Kind, Part, RunConfig, Section
from ganzoo.config.wording import in_words
from ganzoo.config.yaml_writer import flow
from ganzoo.hookspecs import KINDS
from ganzoo.params import REQUIRED, parameters_of, split_annotation
from ganzoo.registry import Component, Registry
from ganzoo.sweep.settings import Distribution, SweepConfig

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "docs/reference/configuration.md", "docs/how-to/sweeps.md")
CORE = "ganzoo-core"


def main() -> None:
    """Rewrite the documents in place and say which changed."""
    for name in DOCUMENTS:
        path = ROOT / name
        before = path.read_text(encoding="utf-8")
        after = rewritten(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
        print(f"{name}: {'written' if after != before else 'up to date'}", file=sys.stderr)


def rewritten(text: str) -> str:
    """A document with each of its parts as the code would have it now."""
    for name, write in PARTS.items():
        start, end = f"<!-- {name}: written by tools/write_docs.py -->\n", f"<!-- end of {name} -->\n"
        if start in text:
            before, _, rest = text.partition(start)
            text = before + start + "\n" + write() + "\n" + end + rest.partition(end)[2]
    return text


def components() -> str:
    """What this repository installs: name, kinds, distribution and paper, a row for each name of a distribution."""
    found: dict[tuple[str, str], list[Component]] = {}
    registry = Registry.installed()
    for component in (c for kind in KINDS for c in registry.of_kind(kind) if c.distribution in own_distributions()):
        found.setdefault((component.name, component.distribution), []).append(component)
    rows = []
    for (name, distribution), same in found.items():
        cls = same[0].load()
        source = getattr(cls, "paper", "").partition(";")[0] or getattr(cls, "source", "")
        rows.append((f"`{name}`", ", ".join(c.kind for c in same), distribution, linked(source)))
    return table(("name", "kind", "distribution", "paper or source"), rows)


def own_distributions() -> set[str]:
    """The distributions that live in this repository; a reader's own plugins are nothing for its documentation."""
    projects = [tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"] for path in ROOT.glob("plugins/*/pyproject.toml")]
    return {CORE, *projects}


def linked(source: str) -> str:
    """``arXiv:NUMBER`` as a link."""
    return re.sub(r"arXiv:([\d.]*\d)", r"[arXiv:\1](https://arxiv.org/abs/\1)", source)


def configuration() -> str:
    """Every key of a configuration: those of a component or a list first, then a table for each section."""
    blocks = [keys_table(RunConfig, skip=SECTIONS)]
    for name, section in SECTIONS.items():
        blocks += [f"## `{name}`\n\n{first_line(section)}\n", keys_table(section, prefix=f"{name}.")]
    return "\n".join(blocks)


def sweep() -> str:
    """Every key of a sweep's file, and what random settings are drawn from."""
    fields = Distribution.model_fields.items()
    kinds = [(f"`{name}`", in_words(field.annotation).removesuffix(", or null"), field.description or "") for name, field in fields]
    return keys_table(SweepConfig) + "\nA random setting is drawn from one of these:\n\n" + table(("key", "type", "meaning"), kinds)


def keys_table(section: type[Section], *, prefix: str = "", skip: Iterable[str] = ()) -> str:
    """The keys of a mapping with type, default and meaning."""
    hints = typing.get_type_hints(section, include_extras=True)
    rows = []
    for name, field in section.model_fields.items():
        if name not in skip:
            default = "required" if field.is_required() else f"`{flow(plain(field.get_default()))}`"
            rows.append((f"`{prefix}{name}`", type_words(hints[name]), default, field.description or ""))
    return table(("key", "type", "default", "meaning"), rows)


def type_words(annotation: Any) -> str:
    """An annotation in words: a component by its kind, anything else as the messages of errors say it."""
    base, metadata = split_annotation(annotation)
    kinds = [item.kind for item in metadata if isinstance(item, Kind)]
    if kinds:
        return f"{'an' if kinds[0][0] in 'aeiou' else 'a'} {kinds[0]}"
    inner = typing.get_args(base)
    if typing.get_origin(base) is list:
        many = type_words(inner[0]).partition(" ")[2] + "s"
        return f"a {type_words(inner[0]).partition(' ')[2]} or a list of them" if metadata else f"a list of {many}"
    if typing.get_origin(base) is dict:
        return "a mapping of strings" if inner == (str, str) else "a mapping of configuration keys"
    return in_words(annotation)


def plain(value: Any) -> Any:
    """A default as YAML would have it."""
    return value.name if isinstance(value, Part) else to_jsonable_python(value)


def optimizers() -> str:
    """A table for each optimizer."""
    return "\n".join(f"### `{name}`\n\n{first_line(cls)}\n\n{parameters_table(cls)}" for name, cls in OPTIMIZERS.items())


def core_components() -> str:
    """A table for each component of the core; those of plugins are in their READMEs."""
    blocks = []
    registry = Registry.installed()
    for component in (c for kind in KINDS for c in registry.of_kind(kind) if c.distribution == CORE):
        cls = component.load()
        blocks.append(f"### {component.kind} `{component.name}`\n\n{first_line(cls)}\n\n{parameters_table(cls)}")
    return "\n".join(blocks)


def parameters_table(cls: type) -> str:
    """A component's parameters with type, default and meaning."""
    rows = []
    for parameter in parameters_of(cls):
        default = "required" if parameter.default is REQUIRED else f"`{flow(json.loads(json.dumps(parameter.default)))}`"
        rows.append((f"`{parameter.name}`", in_words(parameter.annotation), default, parameter.meaning))
    return table(("parameter", "type", "default", "meaning"), rows) if rows else "It has no parameters.\n"


def first_line(cls: type) -> str:
    """What a docstring begins with, as Markdown."""
    return (inspect.getdoc(cls) or "").partition("\n")[0].replace("``", "`")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|").replace("``", "`") for cell in line) + " |\n" for line in lines)


PARTS: Mapping[str, Callable[[], str]] = {
    "components": components,
    "configuration": configuration,
    "optimizers": optimizers,
    "core components": core_components,
    "sweep": sweep,
}

if __name__ == "__main__":
    main()
