"""Every key of a configuration, and of a sweep."""

from __future__ import annotations

import typing
from collections.abc import Iterable
from typing import Any

from ganzoo_sweep.settings import Distribution, SweepConfig
from pydantic_core import to_jsonable_python

from ganzoo.config.parts import Kind, Part
from ganzoo.config.settings import SECTIONS, RunConfig, Section
from ganzoo.config.wording import in_words
from ganzoo.config.yaml_writer import flow
from ganzoo.params import split_annotation

from .markdown import first_line, table


def configuration() -> str:
    """Those of a component or a list first, then a table for each section."""
    blocks = [keys_table(RunConfig, skip=SECTIONS)]
    for name, section in SECTIONS.items():
        blocks += [f"## `{name}`\n\n{first_line(section)}\n", keys_table(section, prefix=f"{name}.")]
    return "\n".join(blocks)


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


def sweep() -> str:
    """Every key of a sweep's file, and what random settings are drawn from."""
    fields = Distribution.model_fields.items()
    kinds = [(f"`{name}`", in_words(field.annotation).removesuffix(", or null"), field.description or "") for name, field in fields]
    return keys_table(SweepConfig) + "\nA random setting is drawn from one of these:\n\n" + table(("key", "type", "meaning"), kinds)
