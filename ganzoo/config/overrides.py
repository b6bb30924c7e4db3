"""Overrides of the command line (``-o train.steps=50``), and the place where each value was written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganzoo.errors import UserError

from .strict_yaml import Document, KeyPath, dotted, parse
from .wording import describe

_PATH = re.compile(r"[^\s=.]+(\.[^\s=.]+)*")
_MAX_SEGMENTS = 20
# What a section is when the file does not name it, so that ``-o schedule.critic_updates=5`` tunes the default.
DEFAULT_NAMES: Mapping[KeyPath, str] = {("schedule",): "alternate", ("optimizer", "generator"): "adam", ("optimizer", "critic"): "adam"}


@dataclass(frozen=True)
class Override:
    """One ``-o KEY.PATH=VALUE``."""

    text: str
    path: KeyPath
    value: Any

    @property
    def where(self) -> str:
        """How errors name it."""
        return f"-o {self.text}"


@dataclass(frozen=True, eq=False)
class Places:
    """The places where values were written: lines of the file, or overrides.

    Args:
        document: the file.
        overrides: in the order they were applied.
        one_loss: whether ``loss`` was written as one term; it is a list of one everywhere else.
    """

    document: Document
    overrides: Sequence[Override] = ()
    one_loss: bool = False

    def __eq__(self, other: object) -> bool:
        """Always equal: two configurations that say the same are the same, wherever it was written."""
        return isinstance(other, Places)

    __hash__ = None  # type: ignore[assignment]

    def written(self, path: KeyPath) -> KeyPath:
        """``path`` as the user wrote it."""
        return ("loss", *path[2:]) if self.one_loss and path[:2] == ("loss", 0) else path

    def key(self, path: KeyPath) -> str:
        """``path`` dotted, as the user wrote it."""
        return dotted(self.written(path))

    def where(self, path: KeyPath) -> str:
        """``FILE:LINE`` of the key, or of the nearest one above it; ``-o TEXT`` where an override wrote it; or ""."""
        override = self._override(self.written(path))
        if override or not self.document.source:
            return override.where if override else ""
        return f"{self.document.source}:{self.document.line(self.written(path))}"

    def order(self, path: KeyPath) -> tuple[bool, int]:
        """Sorts paths as a reader meets them: the file from top to bottom, then the overrides."""
        return bool(self._override(self.written(path))), self.document.line(self.written(path))

    def _override(self, path: KeyPath) -> Override | None:
        for override in reversed(self.overrides):
            n = len(override.path)
            made_by_it = override.path[: len(path)] == path and path not in self.document.lines
            if path[:n] == override.path or (path and made_by_it):
                return override
        return None


NOWHERE = Places(Document(None, ""))
"""The places of a configuration that was made in Python."""


def segments(path: str | Sequence[str | int]) -> KeyPath:
    """A path, dotted or in parts, with its list indices as integers."""
    parts: Sequence[str | int] = path.split(".") if isinstance(path, str) else path
    return tuple(int(part) if isinstance(part, str) and re.fullmatch("[0-9]{1,9}", part) else part for part in parts)


def parse_override(text: str) -> Override:
    """Read ``KEY.PATH=VALUE``.

    Raises:
        UserError: where the text has no such form, or the value is not strict YAML.
    """
    where = f"-o {text}"
    key, equals, value = text.partition("=")
    if not equals or not _PATH.fullmatch(key):
        raise UserError("an override has the form KEY.PATH=VALUE", "write, for example, -o train.steps=1000", where=where)
    if not value.strip():
        raise UserError("the override gives no value", "write one after '=', or null", key=key, where=where)
    path = segments(key)
    if len(path) > _MAX_SEGMENTS:
        raise UserError(f"the key has more than {_MAX_SEGMENTS} parts", "no configuration is that deep", where=where)
    try:
        return Override(text, path, parse(value, where).value)
    except UserError as error:
        raise UserError(error.what, error.remedy, key=key, where=where) from None


def apply(tree: dict[str, Any], override: Override) -> None:
    """Set the override's value in ``tree``, making the mappings that are missing above it.

    Raises:
        UserError: where a list has no such item, or a value above it has no keys.
    """
    slot: tuple[Any, Any] = ({"": tree}, "")  # a collection and the key in it where the next one is expected
    for depth, segment in enumerate(override.path):
        collection, key = slot
        collection[key] = opened = _opened(collection[key], override.path[:depth], override)
        if isinstance(opened, list):
            _check_index(opened, segment, override.path[:depth], override)
            slot = opened, segment
        else:
            opened.setdefault(str(segment), None)
            slot = opened, str(segment)
    collection, key = slot
    collection[key] = override.value


def _opened(value: Any, path: KeyPath, override: Override) -> dict[str, Any] | list[Any]:
    """``value``, which stands at ``path``, as something with items: a part written as its name becomes a mapping."""
    if isinstance(value, dict | list):
        return value
    if isinstance(value, str) and _is_part(path):
        return {"name": value}
    if value is not None:
        what = f"'{dotted(path)}' is {describe(value)}, which has no keys"
        raise UserError(what, f"set '{dotted(path)}' itself", key=dotted(override.path), where=override.where)
    if isinstance(override.path[len(path)], int):
        return []
    return {"name": DEFAULT_NAMES[path]} if path in DEFAULT_NAMES else {}


def _is_part(path: KeyPath) -> bool:
    if path[0] == "loss" and len(path) == 1:
        return True
    in_list = path[0] in ("loss", "metrics", "observers")
    return len(path) == (2 if in_list or path[0] == "optimizer" else 1)


def _check_index(items: list[Any], segment: str | int, path: KeyPath, override: Override) -> None:
    if isinstance(segment, int) and segment < len(items):
        return
    exist = f"its items are {dotted(path)}.0 to {dotted(path)}.{len(items) - 1}" if items else "it is empty"
    raise UserError(
        f"the list '{dotted(path)}' has no item '{segment}'",
        f"{exist}; -o '{dotted(path)}=[...]' replaces the list",
        key=dotted(override.path),
        where=override.where,
    )
