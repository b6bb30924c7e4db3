"""Strict YAML: the part of YAML 1.2 that means one thing, each value with the line it stands on.

PyYAML reads YAML 1.1, where ``no`` is False, ``1e-4`` a string and ``12:30`` a number. Here its parser only splits the
text into events; the values are made by the YAML 1.2 core schema. Aliases, tags, duplicate keys, keys that are no
strings, deep nesting and big files are refused, so that a file from a stranger can neither surprise nor exhaust.
"""

from __future__ import annotations

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
TOO_BIG = ("the text is bigger than 1 MiB", "a configuration is a page of YAML; is this the right file?")
MAX_DEPTH = 50
MAX_VALUES = 10_000

_NAMED = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGERS = ((re.compile(r"[-+]?[0-9]+"), 10), (re.compile(r"0o[0-7]+"), 8), (re.compile(r"0x[0-9a-fA-F]+"), 16))
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
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
            raise UserError(*TOO_BIG, where=str(path)) from None
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
        raise UserError(*TOO_BIG, where=source)
    if bad := FORBIDDEN.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        raise UserError(f"the text holds the control character U+{ord(bad.group()):04X}", "remove it", where=f"{source}:{line}")
    reader = _Reader(text, source)
    try:
        return Document(reader.document(), source, reader.lines)
    except yaml.MarkedYAMLError as error:
        raise _invalid(error, source) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # a "\UFFFFFFFF" reaches chr()
        raise UserError(f"the text is not valid YAML: {error}", "check quotes and escapes", where=f"{source}:{reader.line}") from None


def resolve_plain(text: str) -> Any:
    """What an unquoted text means in the YAML 1.2 core schema: null, bool, int, float or the string itself.

    Raises:
        UserError: for an integer beyond 64 bits.
    """
    if text in _NAMED:
        return _NAMED[text]
    for pattern, base in _INTEGERS:
        if pattern.fullmatch(text):
            # The length is asked first: Python refuses to convert thousands of digits.
            if len(text) > 40 or abs(number := int(text, base)) >= 2**63:
                raise UserError(f"the integer {shortened(text)} does not fit 64 bits", "write a smaller number, or quote it")
            return number
    if _FLOAT.fullmatch(text):
        return float(text)
    return float(text.replace(".", "")) if _SPECIAL.fullmatch(text) else text


class _Reader:
    """Makes the value out of parser events, by recursive descent: ``MAX_DEPTH`` bounds it."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.lines: dict[KeyPath, int] = {}
        self.line = 1
        self._values = 0
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)

    def _next(self) -> yaml.Event:
        event: yaml.Event = next(self._events)
        self.line = event.start_mark.line + 1 if event.start_mark else self.line
        return event

    def _refuse(self, what: str, remedy: str, path: KeyPath = ()) -> UserError:
        return UserError(f"{what} is not accepted", remedy, key=dotted(path), where=f"{self.source}:{self.line}")

    def document(self) -> Any:
        """The value of the one document that there may be; None of an empty text."""
        value, documents = None, 0
        while not isinstance(event := self._next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refuse("a second document", "keep one document a file; remove the '---' line and what follows")
                if event.version or event.tags:
                    raise self._refuse("a % directive", "remove it; the text is read as YAML 1.2")
            elif isinstance(event, yaml.NodeEvent):
                self.lines[()] = self.line
                value = self._value(event, ())
        return value

    def _value(self, event: yaml.Event, path: KeyPath) -> Any:
        self._check(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if len(path) == MAX_DEPTH:
            raise self._refuse(f"nesting deeper than {MAX_DEPTH}", "flatten it")  # its path would fill the screen
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                self.lines[*path, len(items)] = self.line
                items.append(self._value(event, (*path, len(items))))
            return items
        mapping: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, path)
            if key in mapping:
                what = f"the key '{shortened(key)}' for the second time (first on line {self.lines[*path, key]})"
                raise self._refuse(what, "remove one of the two", (*path, key))
            self.lines[*path, key] = self.line
            mapping[key] = self._value(self._next(), (*path, key))
        return mapping

    def _check(self, event: Any, path: KeyPath) -> None:
        """Refuse what could surprise in any value."""
        if isinstance(event, yaml.AliasEvent):
            raise self._refuse(f"the alias *{shortened(str(event.anchor))}", "write the value out where it is needed", path)
        self._values += 1
        if self._values > MAX_VALUES:
            what = f"a text of more than {MAX_VALUES:,} keys and values"
            raise self._refuse(what, "a configuration is a page; is this the right file?", path)
        if event.anchor is not None:
            raise self._refuse(f"the anchor &{shortened(event.anchor)}", "remove it, and write the value out where it is needed", path)
        if event.tag is not None:
            raise self._refuse(f"the tag {shortened(event.tag)}", "remove it; the kind of a value follows from how it is written", path)

    def _key(self, event: yaml.Event, path: KeyPath) -> str:
        self._check(event, path)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refuse("a key that is a list or a mapping", "use a string as the key", path)
        if event.implicit[0] and event.value == "<<":
            raise self._refuse("the merge key '<<'", "write the keys out", path)
        key = self._scalar(event, path)
        if isinstance(key, str):
            return key
        written = shortened(event.value) or "null"
        raise self._refuse(f"the key {written}, which is not a string,", f"write '{written}' in quotes, or another key", (*path, written))

    def _scalar(self, event: yaml.ScalarEvent, path: KeyPath) -> Any:
        if bad := FORBIDDEN.search(event.value):  # escapes can write what the text itself may not hold
            raise self._refuse(f"the control character U+{ord(bad.group()):04X}", "remove it", path)
        try:
            return resolve_plain(event.value) if event.implicit[0] else event.value
        except UserError as error:
            raise error.at(f"{self.source}:{self.line}", dotted(path)) from None


def dotted(path: KeyPath) -> str:
    """A path as messages write it: ``loss.1.weight``."""
    return ".".join(shortened(str(segment)) for segment in path if segment != "")


def shortened(text: str, width: int = 60) -> str:
    """A text for a message: as it is, or its beginning."""
    return text if len(text) <= width else text[: width - 3] + "..."


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
