"""Strict YAML: the part of YAML 1.2 that means one thing, each value with the line it stands on.

PyYAML reads YAML 1.1, where ``no`` is False, ``1e-4`` a string and ``12:30`` a number. Here its parser only splits the
text into events; the values are made by the YAML 1.2 core schema. Aliases, tags, duplicate keys, keys that are no
strings, deep nesting and big files are refused, so that a file from a stranger can neither surprise nor exhaust.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from ganzoo.errors import UserError

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands: ``("loss", 1, "weight")``."""

MAX_BYTES = 2**20
MAX_DEPTH = 50
MAX_VALUES = 10_000

_NULLS = {"", "~", "null", "Null", "NULL"}
_TRUES = {"true", "True", "TRUE"}
_FALSES = {"false", "False", "FALSE"}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NOT_A_NUMBER = re.compile(r"\.(nan|NaN|NAN)")
# Control characters, surrogates, and the line ends that YAML 1.1 knows and editors do not count (U+0085, U+2028, U+2029).
FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Document:
    """A parsed text: its value (dict, list, str, int, float, bool, None) and where each part of it stands."""

    value: Any
    source: str
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int:
        """The line (from 1) of the key at ``path``, or of the nearest key above it that the text has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(path: Path) -> Document:
    """Parse a file.

    Raises:
        UserError: where it cannot be read, is not UTF-8, or is refused by ``parse``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"the file cannot be read: {error.strerror or error}", "check its name and permissions", where=str(path)) from None
    try:
        return parse(data.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if len(data) > MAX_BYTES:  # it may have been cut inside a character
            raise _too_big(str(path)) from None
        raise UserError("the text is not UTF-8", "save the file as UTF-8", where=f"{path}:{line}") from None


def parse(text: str, source: str) -> Document:
    """Parse a text with at most one document.

    Args:
        text: the YAML.
        source: what errors call it: they stand at ``SOURCE:LINE``.

    Raises:
        UserError: for invalid YAML and for everything that strict YAML refuses.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _too_big(source)
    if bad := FORBIDDEN.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        raise UserError(f"the text holds the control character U+{ord(bad.group()):04X}", "remove it", where=f"{source}:{line}")
    builder = _Builder(source)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.feed(event)
    except yaml.MarkedYAMLError as error:
        raise _invalid(error, source) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # a "\UFFFFFFFF" reaches chr()
        raise UserError(f"the text is not valid YAML: {error}", "check quotes and escapes", where=f"{source}:{builder.last_line}") from None
    return Document(builder.root, source, builder.lines)


def resolve_plain(text: str) -> Any:
    """What an unquoted text means in the YAML 1.2 core schema: null, bool, int, float or the string itself.

    Raises:
        UserError: for an integer beyond 64 bits.
    """
    if text in _NULLS:
        return None
    if text in _TRUES or text in _FALSES:
        return text in _TRUES
    for pattern, base in ((_INTEGER, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(text):
            # The length is asked first: Python refuses to convert thousands of digits.
            if len(text) > 40 or abs(number := int(text, base)) >= 2**63:
                raise UserError(f"the integer {shortened(text)} does not fit 64 bits", "write a smaller number, or quote it")
            return number
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITY.fullmatch(text):
        return -math.inf if text[0] == "-" else math.inf
    return math.nan if _NOT_A_NUMBER.fullmatch(text) else text


class _Builder:
    """Builds the value out of parser events, without recursion: nesting cannot overflow the stack."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.root: Any = None
        self.lines: dict[KeyPath, int] = {}
        self.last_line = 1
        self._open: list[dict[str, Any] | list[Any]] = []
        self._path: list[str | int] = []  # of the value that comes next; one segment for each open collection
        self._awaits_key = False
        self._documents = self._values = 0

    def feed(self, event: yaml.Event) -> None:
        """Take the next event."""
        self.last_line = event.start_mark.line + 1 if event.start_mark else self.last_line
        if isinstance(event, yaml.DocumentStartEvent):
            self._start_document(event)
        elif isinstance(event, yaml.AliasEvent):
            raise self._refuse(f"the alias *{shortened(str(event.anchor))}", "write the value out where it is needed")
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.NodeEvent):
            self._start_node(event)

    def _refuse(self, what: str, remedy: str) -> UserError:
        return UserError(f"{what} is not accepted", remedy, key=dotted(self._path), where=f"{self.source}:{self.last_line}")

    def _start_document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._refuse("a second document", "keep one document a file; remove the '---' line and what follows")
        if event.version or event.tags:
            raise self._refuse("a % directive", "remove it; the text is read as YAML 1.2")

    def _start_node(self, event: yaml.NodeEvent) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._refuse(f"a text of more than {MAX_VALUES:,} keys and values", "a configuration is a page; is this the right file?")
        if self._open and isinstance(self._open[-1], list):
            self._path[-1] = len(self._open[-1])
        if event.anchor is not None:
            raise self._refuse(f"the anchor &{shortened(event.anchor)}", "remove it, and write the value out where it is needed")
        if getattr(event, "tag", None) is not None:
            raise self._refuse(f"the tag {shortened(event.tag)}", "remove it; the kind of a value follows from how it is written")  # type: ignore[attr-defined]
        if self._awaits_key:
            self._path[-1] = ""
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
            if self._awaits_key:
                self._take_key(value, event)
            else:
                self._place(value)
            return
        if self._awaits_key:
            raise self._refuse("a key that is a list or a mapping", "use a string as the key")
        if len(self._open) == MAX_DEPTH:
            self._path.clear()  # it would fill the screen
            raise self._refuse(f"nesting deeper than {MAX_DEPTH}", "flatten it")
        opened: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._place(opened)
        self._open.append(opened)
        self._path.append("")
        self._awaits_key = isinstance(opened, dict)

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        if bad := FORBIDDEN.search(event.value):  # escapes can write what the text itself may not hold
            raise self._refuse(f"the control character U+{ord(bad.group()):04X}", "remove it")
        plain = event.implicit[0]
        if plain and event.value == "<<" and self._awaits_key:
            raise self._refuse("the merge key '<<'", "write the keys out")
        try:
            return resolve_plain(event.value) if plain else event.value
        except UserError as error:
            raise error.at(f"{self.source}:{self.last_line}", dotted(self._path)) from None

    def _take_key(self, key: Any, event: yaml.ScalarEvent) -> None:
        mapping = self._open[-1]
        written = shortened(event.value) or "null"
        self._path[-1] = key if isinstance(key, str) else written
        if not isinstance(key, str):
            raise self._refuse(f"the key {written}, which is not a string,", f"write '{written}' in quotes, or another key")
        if key in mapping:
            first = self.lines[tuple(self._path)]
            raise self._refuse(f"the key '{shortened(key)}' for the second time (first on line {first})", "remove one of the two")
        self.lines[tuple(self._path)] = self.last_line
        self._awaits_key = False

    def _place(self, value: Any) -> None:
        """Put a value where the next one belongs."""
        if not self._open:
            self.root = value
            self.lines[()] = self.last_line
            return
        holder = self._open[-1]
        if isinstance(holder, dict):
            holder[str(self._path[-1])] = value
            self._awaits_key = True
        else:
            self.lines[tuple(self._path)] = self.last_line
            holder.append(value)

    def _close(self) -> None:
        self._open.pop()
        self._path.pop()
        self._awaits_key = bool(self._open) and isinstance(self._open[-1], dict)


def dotted(path: KeyPath | list[str | int]) -> str:
    """A path as messages write it: ``loss.1.weight``."""
    return ".".join(shortened(str(segment)) for segment in path if segment != "")


def shortened(text: str, width: int = 60) -> str:
    """A text for a message: as it is, or its beginning."""
    return text if len(text) <= width else text[: width - 3] + "..."


def _too_big(source: str) -> UserError:
    return UserError("the text is bigger than 1 MiB", "a configuration is a page of YAML; is this the right file?", where=source)


def _invalid(error: yaml.MarkedYAMLError, source: str) -> UserError:
    problem = shortened(" ".join(str(error.problem).split()), 200)
    mark = error.problem_mark or error.context_mark
    remedy = "check brackets, quotes and indentation here and on the line above"
    if "<stream end>" in problem or "end of stream" in problem:
        mark = error.context_mark or mark  # where it was opened helps; the end of the file does not
        problem, remedy = "what opens here is never closed", "add the missing bracket or quote"
    elif "'\\t'" in problem:
        problem, remedy = "a tab stands where indentation or a value belongs", "use spaces"
    elif "mapping values are not allowed" in problem:
        problem, remedy = "a ': ' stands where no key can be", "quote a text that holds ': ', and check the indentation"
    elif problem.startswith("found character"):
        remedy = "quote a text that starts with a special character"
    return UserError(f"the text is not valid YAML: {problem}", remedy, where=f"{source}:{mark.line + 1 if mark else 1}")
