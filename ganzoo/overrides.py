"""Overrides from the command line (``-o train.steps=50``), and where each value of a configuration was written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import UserError
from .strict_yaml import Document, KeyPath, dotted, parse
from .wording import describe

_PATH = re.compile(r"[^\s=.]+(\.[^\s=.]+)*")
_MAX_SEGMENTS = 20
# What a section is when the file does not name it, so that ``-o schedule.critic_updates=5`` tunes the default.
DEFAULT_NAMES: Mapping[KeyPath, str] = {
    ("schedule",): "alternate",
    ("optimizer", "generator"): "adam",
    ("optimizer", "critic"): "adam",
}


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
    """Where each value was written: in which line of the file, or in which override.

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
        path = _comparable(path)
        for override in reversed(self.overrides):
            n = len(override.path)
            made_by_it = override.path[: len(path)] == path and path not in self.document.lines
            if path[:n] == override.path or (path and made_by_it):
                return override
        return None


NOWHERE = Places(Document(None, ""))
"""The places of a configuration that was made in Python."""


def _comparable(path: KeyPath) -> KeyPath:
    return tuple(int(s) if isinstance(s, str) and s.isdecimal() and s.isascii() else s for s in path)


def parse_override(text: str) -> Override:
    """Read ``KEY.PATH=VALUE``.

    Raises:
        UserError: where the text has no such form, or the value is no strict YAML.
    """
    where = f"-o {text}"
    path, equals, value = text.partition("=")
    if not equals or not _PATH.fullmatch(path):
        raise UserError("an override has the form KEY.PATH=VALUE", "write, for example, -o train.steps=1000", where=where)
    if not value.strip():
        raise UserError("the override gives no value", "write one after '=', or null", key=path, where=where)
    segments = _comparable(tuple(path.split(".")))
    if len(segments) > _MAX_SEGMENTS:
        raise UserError(f"the key has more than {_MAX_SEGMENTS} parts", "no configuration is that deep", where=where)
    try:
        return Override(text, segments, parse(value, where).value)
    except UserError as error:
        raise UserError(error.what, error.remedy, key=path, where=where) from None


def apply(tree: dict[str, Any], override: Override) -> None:
    """Set the override's value in ``tree``, making the mappings that are missing above it.

    Raises:
        UserError: where a list has no such item, or a value above it has no keys.
    """
    holder: Any = tree
    for depth, segment in enumerate(override.path):
        above = override.path[:depth]
        holder = _opened(tree, holder, above, override)
        if isinstance(holder, list):
            _check_index(holder, segment, above, override)
        if depth == len(override.path) - 1:
            holder[_key_in(holder, segment)] = override.value
        else:
            key = _key_in(holder, segment)
            if isinstance(holder, dict):
                holder.setdefault(key, _missing((*above, segment), override))
            holder = holder[key]


def _key_in(holder: Any, segment: str | int) -> Any:
    return segment if isinstance(holder, list) else str(segment)


def _missing(path: KeyPath, override: Override) -> dict[str, Any] | list[Any]:
    """What an override finds where the file has nothing."""
    if isinstance(override.path[len(path)], int):
        return []
    return {"name": DEFAULT_NAMES[path]} if path in DEFAULT_NAMES else {}


def _opened(tree: dict[str, Any], holder: Any, path: KeyPath, override: Override) -> Any:
    """``holder`` as something that has items: a part written as its name alone becomes a mapping."""
    if isinstance(holder, dict | list):
        return holder
    if holder is None:
        opened = _missing(path, override)
    elif isinstance(holder, str) and _is_part(path):
        opened = {"name": holder}
    else:
        what = f"'{dotted(path)}' is {describe(holder)}, which has no keys"
        raise UserError(what, f"set '{dotted(path)}' itself", key=dotted(override.path), where=override.where)
    _set(tree, path, opened)
    return opened


def _is_part(path: KeyPath) -> bool:
    if path[0] == "loss" and len(path) == 1:
        return True
    in_list = path[0] in ("loss", "metrics", "observers")
    return len(path) == (2 if in_list or path[0] == "optimizer" else 1)


def _set(tree: Any, path: KeyPath, value: Any) -> None:
    for segment in path[:-1]:
        tree = tree[_key_in(tree, segment)]
    tree[_key_in(tree, path[-1])] = value


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
