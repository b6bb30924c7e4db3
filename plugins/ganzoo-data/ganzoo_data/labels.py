"""Labels or captions of pictures from a file: CSV, JSON in one of its usual forms, or a JSON object a line."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ganzoo import UserError

from .archives import BadArchive
from .files import text_of
from .images import NOT_READ
from .tree import File

MAX_BYTES = 1 << 28
FILE = ("file", "filename", "file_name", "path", "image", "image_path", "img", "name", "image_id", "id")
NOUNS = {
    "labels": ("label", "class", "category", "target", "class_name", "label_name", "y"),
    "captions": ("caption", "text", "captions", "prompt", "description", "sentence"),
}
SPLIT = ("split", "subset", "partition", "set")
"""Columns, as they are called; where none is called so, the first is the picture and the second the label."""


class Row(NamedTuple):
    """What a file says of a picture."""

    picture: str
    label: str
    split: str = ""


@dataclass(frozen=True)
class Listed:
    """What a file of labels lists.

    Args:
        noun: what it is a file of.
        file: its name.
        rows: picture -> what it says.
        one_hot: the columns that were taken for classes, since each row has one 1 among 0s in them.
    """

    noun: str
    file: str
    rows: Mapping[str, Row]
    one_hot: Sequence[str] = ()

    def of(self, names: Sequence[str]) -> dict[str, Row]:
        """What is said of each picture of ``names``: by its path, by the end of it, or by its stem where only one picture has it.

        Raises:
            UserError: where a picture is not listed.
        """
        ways = {name: [*_ends(name), PurePosixPath(name).stem] for name in names}
        count = Counter(way for each in ways.values() for way in dict.fromkeys(each))
        found, lacking = {}, []
        for name, each in ways.items():
            row = next((self.rows[way] for way in each if way in self.rows and (way == name or count[way] == 1)), None)
            if row is None:
                lacking.append(name)
            else:
                found[name] = row
        if lacking:
            what = f"{self.file} has {self.noun} of {len(self.rows)} pictures ({next(iter(self.rows))}, ...), "
            what += f"but not {len(lacking)} of {len(names)} here: {lacking[0]}, ..."
            raise UserError(what, "add them to the file, or move them elsewhere", key=f"data.{self.noun}")
        return found

    def absent(self, names: Sequence[str]) -> list[str]:
        """The pictures that it lists and ``names`` lacks."""
        there = {way for name in names for way in (*_ends(name), PurePosixPath(name).stem)}
        return [name for name in self.rows if name not in there and not name.lower().endswith(NOT_READ)]


def read_labels(file: File, noun: str = "labels") -> Listed:
    """Pictures with their labels, of a CSV (with or without names of its columns) or a JSON file, perhaps with their splits.

    JSON is ``{"a.png": "cat"}``, ``[["a.png", "cat"]]``, ``[{"file": "a.png", "label": "cat"}]``, or either of the lists as ``labels``;
    JSON Lines (``metadata.jsonl``) are such items, one a line. A CSV may have a column of 0s and 1s for each class instead of labels.
    A ``noun`` of captions means those in place of labels.

    Raises:
        UserError: where the file cannot be read, or gives a picture two labels.
    """
    key, ending, one_hot = f"data.{noun}", PurePosixPath(file.name).suffix.lower(), list[str]()
    form = {".json": 'a JSON file is as: {"a.png": "cat"}', ".jsonl": f'a line is as: {{"file": "a.png", "{noun[:-1]}": "cat"}}'}
    remedy = form.get(ending, "a CSV has lines as: a.png,cat, with quotes around what holds a comma")
    try:
        text = text_of(file.read(MAX_BYTES))
        if ending == ".json":
            rows = _of_json(_parsed(text), noun)
        elif ending == ".jsonl":
            rows = [_of_line(number, line, noun) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
        else:
            rows, one_hot = _of_csv([line for line in text.splitlines() if line.strip()], noun)
    except (OSError, BadArchive, ValueError, IndexError, TypeError, RecursionError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{file} cannot be read as {noun}: {reason}", remedy, key=key) from error
    found: dict[str, Row] = {}
    several = len({row.picture for row in rows}) < len({(row.picture, row.split) for row in rows})  # of a name, in folders of the splits
    for row in rows:
        name = row.picture.strip().replace("\\", "/").removeprefix("./")
        row = Row(f"{row.split.strip()}/{name}" if several else name, row.label.strip(), row.split.strip())
        if not row.label:
            raise UserError(f"{file} gives {name} no {noun[:-1]}", "write one, or leave the picture out", key=key)
        if (known := found.setdefault(row.picture, row)) != row:
            what = f"{file} gives {name} two {noun}: {' '.join(filter(None, known[1:]))} and {' '.join(filter(None, row[1:]))}"
            raise UserError(what, "leave one of them out", key=key)
    if not found:
        raise UserError(f"{file} holds no {noun}", remedy, key=key)
    return Listed(noun, str(file), found, one_hot)


def _of_csv(lines: Sequence[str], noun: str) -> tuple[list[Row], list[str]]:
    """The rows, and the columns that are classes where they are one-hot."""
    if not lines:
        return [], []
    rows = list(csv.reader(lines, delimiter=max(",;\t", key=lines[0].count)))
    titles = [cell.strip() for cell in rows[0]]
    head = [title.lower() for title in titles]
    if len(head) == 1:
        raise ValueError(f"'{lines[0][:40]}' has no comma, semicolon or tab")
    if uneven := next((row for row in rows if len(row) != len(head)), None):
        raise ValueError(f"the line '{','.join(uneven)[:40]}' has {len(uneven)} cells, the first has {len(head)}")
    if not set(head) & {*FILE, *NOUNS[noun]} or "." in head[0]:
        if len(head) > 2:
            raise ValueError(f"it has {len(head)} columns, and no first line that says which of them are file and {noun[:-1]}")
        return [Row(row[0], row[1]) for row in rows], []
    label, split = (next((head.index(name) for name in names if name in head), None) for names in (NOUNS[noun], SPLIT))
    file = next((head.index(name) for name in FILE if name in head), int(label == 0))
    others = [column for column in range(len(head)) if column not in (file, split)]
    if label is None and len(others) > 1 and noun == "captions":
        raise ValueError(f"which of its columns is the caption? ({', '.join(titles)})")
    if label is None and len(others) > 1:
        ones = [[column for column in others if float(row[column] or 0) != 0] for row in rows[1:]]
        if not all(len(found) == 1 and float(row[found[0]]) == 1 for found, row in zip(ones, rows[1:], strict=True)):
            raise ValueError(f"which of its columns is the label? ({', '.join(titles)})")
        labels = [titles[found[0]] for found in ones]
    else:
        label = others[0] if label is None else label
        labels = [row[label] for row in rows[1:]]
    splits = [row[split] if split is not None else "" for row in rows[1:]]
    return [Row(row[file], *each) for row, *each in zip(rows[1:], labels, splits, strict=True)], [titles[i] for i in others] * (
        label is None
    )


def _parsed(text: str) -> Any:
    """A JSON value. Raises ValueError where an object in it gives a name twice, of which Python takes the last."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if found.setdefault(name, value) != value:
                raise ValueError(f"it gives {name} two values: {value} and {found[name]}")
        return found

    return json.loads(text, object_pairs_hook=once)


def _of_line(number: int, line: str, noun: str) -> Row:
    try:
        return _of_item(_parsed(line), noun)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {number}, column {error.colno}: {error.msg}") from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"line {number}: {error}") from None


def _of_json(value: Any, noun: str) -> list[Row]:
    if isinstance(value, Mapping) and isinstance(value.get(noun), list | dict):
        value = value[noun]
    if isinstance(value, Mapping):
        return [Row(str(name), _plain(label)) for name, label in value.items()]
    return [_of_item(item, noun) for item in value]


def _of_item(item: Any, noun: str) -> Row:
    if isinstance(item, Mapping):
        picture, label, split = (next((item[name] for name in names if name in item), None) for names in (FILE, NOUNS[noun], SPLIT))
        if picture is None or label is None:
            raise ValueError(f"{json.dumps(item)[:60]} does not say which is the file, which the {noun[:-1]}")
        return Row(str(picture), _plain(label), str(split or ""))
    name, label = item
    return Row(str(name), _plain(label))


def _plain(label: Any) -> str:
    if not isinstance(label, str | int):
        raise ValueError(f"{json.dumps(label)[:40]} is not a name or a number")
    return str(label)


def _ends(name: str) -> list[str]:
    """A path, and what is left of it without its first folders."""
    parts = name.split("/")
    return ["/".join(parts[i:]) for i in range(len(parts))]


def in_order(labels: Iterator[str] | set[str]) -> tuple[str, ...]:
    """Classes in the order of their numbers: by value where all are whole numbers, else by name."""
    distinct = set(labels)
    return tuple(sorted(distinct, key=int) if all(each.isdecimal() for each in distinct) else sorted(distinct))
