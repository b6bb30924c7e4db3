"""Labels of pictures from a file: CSV, JSON in one of its usual forms, or a JSON object a line."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ganzoo import UserError

FILE = ("file", "filename", "file_name", "path", "image", "image_path", "img", "name", "image_id", "id")
LABEL = ("label", "class", "category", "target", "class_name", "label_name", "y")
"""Columns, as they are called; where none is called so, the first is the picture and the second the label."""


def read_labels(path: Path) -> dict[str, str]:
    """Picture -> label, of a CSV (with or without names of its columns) or a JSON file.

    JSON is ``{"a.png": "cat"}``, ``[["a.png", "cat"]]``, ``[{"file": "a.png", "label": "cat"}]``, or either of the lists as ``labels``;
    JSON Lines (``metadata.jsonl``) are such items, one a line.

    Raises:
        UserError: where the file cannot be read, or gives a picture two labels.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        pairs = list({".json": _of_json, ".jsonl": _of_json_lines}.get(path.suffix.lower(), _of_csv)(text))
    except (OSError, ValueError, KeyError, IndexError, TypeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{path} cannot be read as labels: {reason}", "a CSV has lines as: a.png,cat", key="data.labels") from error
    found: dict[str, str] = {}
    for name, label in pairs:
        name = name.strip().replace("\\", "/").removeprefix("./")
        if not label.strip():
            raise UserError(f"{path} gives {name} no label", "write one, or leave the picture out", key="data.labels")
        if found.setdefault(name, label.strip()) != label.strip():
            raise UserError(f"{path} gives {name} two labels: {found[name]} and {label}", "leave one of them out", key="data.labels")
    if not found:
        raise UserError(f"{path} holds no labels", "a CSV has lines as: a.png,cat", key="data.labels")
    return found


def _of_csv(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.strip()]
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    rows = list(csv.reader(lines, delimiter=delimiter))
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    if len(head) == 1:
        raise ValueError(f"'{lines[0][:40]}' has no comma, semicolon or tab")
    if not set(head) & {*FILE, *LABEL} or "." in "".join(head[:1]):
        return ((row[0], row[1]) for row in rows)
    file = next((head.index(name) for name in FILE if name in head), 0)
    label = next((head.index(name) for name in LABEL if name in head), 1 if file == 0 else 0)
    return ((row[file], row[label]) for row in rows[1:])


def _of_json_lines(text: str) -> Iterator[tuple[str, str]]:
    return (_pair(json.loads(line)) for line in text.splitlines() if line.strip())


def _of_json(text: str) -> Iterator[tuple[str, str]]:
    value = json.loads(text)
    if isinstance(value, Mapping) and isinstance(value.get("labels"), list | dict):
        value = value["labels"]
    if isinstance(value, Mapping):
        return ((str(name), _plain(label)) for name, label in value.items())
    return (_pair(item) for item in value)


def _pair(item: Any) -> tuple[str, str]:
    if isinstance(item, Mapping):
        return str(next(item[name] for name in FILE if name in item)), _plain(next(item[name] for name in LABEL if name in item))
    name, label = item
    return str(name), _plain(label)


def _plain(label: Any) -> str:
    if not isinstance(label, str | int):
        raise ValueError(f"{json.dumps(label)[:40]} is not a name or a number")
    return str(label)


def label_pictures(path: Path, names: Sequence[str]) -> dict[str, str]:
    """The label of each picture of ``names``: by its path, or by its name or its stem where only one picture has it.

    Raises:
        UserError: where a picture has none.
    """
    listed = read_labels(path)
    base, stem = (Counter(part(name) for name in names) for part in (_base, _stem))
    found, lacking = {}, []
    for name in names:
        ways = [name, *([_base(name)] if base[_base(name)] == 1 else []), *([_stem(name)] if stem[_stem(name)] == 1 else [])]
        label = next((listed[way] for way in ways if way in listed), None)
        if label is None:
            lacking.append(name)
        else:
            found[name] = label
    if lacking:
        what = f"{path} labels {len(listed)} pictures ({next(iter(listed))}, ...), "
        what += f"but not {len(lacking)} of {len(names)} here: {lacking[0]}, ..."
        raise UserError(what, "add them to the file, or move them elsewhere", key="data.labels")
    return found


def _base(name: str) -> str:
    return PurePosixPath(name).name


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def in_order(labels: Iterator[str] | set[str]) -> tuple[str, ...]:
    """Classes in the order of their numbers: by value where all are whole numbers, else by name."""
    distinct = set(labels)
    return tuple(sorted(distinct, key=int) if all(each.isdecimal() for each in distinct) else sorted(distinct))
