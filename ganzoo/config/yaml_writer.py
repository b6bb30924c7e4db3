"""A writer of plain values as YAML that strict YAML reads back to the same."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ganzoo.errors import UserError

from .strict_yaml import FORBIDDEN, resolve_plain

_WIDTH = 120
_PLAIN = re.compile(r"(\.{0,2}/)?[A-Za-z_][A-Za-z0-9_./+-]*")
_YAML_1_1 = {"y", "n", "yes", "no", "on", "off"}


def dump(value: Any) -> str:
    """Write plain values as YAML that ``parse`` reads back to the same, a line for each short mapping or list.

    Other YAML readers agree: what YAML 1.1 would misread is quoted, and floats have a point and a signed exponent.

    Raises:
        UserError: for a string with characters that ``parse`` refuses.
        TypeError: for a value that is not plain.
    """
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _entry(f"{scalar_text(_key(key))}:", item, "  ")
    elif isinstance(value, list | tuple) and value:
        for item in value:
            yield from _entry("-", item, "  ")
    else:
        yield flow(value)


def _entry(head: str, item: Any, indent: str) -> Iterator[str]:
    nested = item.values() if isinstance(item, Mapping) else item if isinstance(item, list | tuple) else ()
    leaf = not any(isinstance(inner, Mapping) or (isinstance(inner, list | tuple) and _has_collection(inner)) for inner in nested)
    if leaf and (not nested or len(head) + len(flow(item)) < _WIDTH):
        yield f"{head} {flow(item)}"
        return
    yield head
    yield from (indent + line for line in _lines(item))


def _has_collection(items: list[Any] | tuple[Any, ...]) -> bool:
    return any(isinstance(item, Mapping | list | tuple) for item in items)


def flow(value: Any) -> str:
    """A value on one line: ``{name: adam, betas: [0.0, 0.9]}``."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar_text(_key(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar_text(value)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key must be a string, not {key!r}")
    return key


def scalar_text(value: Any) -> str:
    """One scalar as YAML: ``1.0e-4``, ``true``, ``"no"``."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float_text(value)
    if not isinstance(value, str):
        raise TypeError(f"YAML has no form for {value!r}")
    if FORBIDDEN.search(value):
        raise UserError(f"the string {value!r} holds a control character", "remove it")
    plain = _PLAIN.fullmatch(value) and value.lower() not in _YAML_1_1 and isinstance(resolve_plain(value), str)
    return value if plain else json.dumps(value, ensure_ascii=False)


def _float_text(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    mantissa, letter, exponent = repr(float(value)).partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + (f"e{int(exponent):+d}" if letter else "")
