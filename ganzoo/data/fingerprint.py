"""The fingerprint of a data set: class names, count and a hash of the content, cheap enough for every start."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganzoo.errors import UserError

from .rows import Rows

WHOLE = 1 << 25
"""Bytes of a field that are hashed whole; of a larger one, ``SAMPLED`` rows are."""
SAMPLED = 1024


def fingerprint(arrays: Mapping[str, Rows], class_names: Sequence[str], apart: bool = False, share: str = "") -> dict[str, Any]:
    """``{"class_names": [...], "count": N, "hash": ...}`` of a data set, plain values.

    Of cached images all checksums are hashed, which are at hand; of other fields larger than ``WHOLE``, evenly spaced rows.
    Where each process has samples of its own (``apart``), it knows no others: there is a hash of its ``share`` ("1 of 2") alone.
    """
    known: dict[str, Any] = {"class_names": [str(name) for name in class_names]}
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {tuple(array.shape)}\n".encode())
        digest.update(np.ascontiguousarray(_content(array)).data)
    if apart:
        return known | ({f"hash of {share}": digest.hexdigest()[:16]} if share else {})
    return {**known, "count": len(arrays["sample"]), "hash": digest.hexdigest()[:16]}


def _content(array: Rows) -> Any:
    checksums: np.ndarray | None = getattr(array, "checksums", None)
    if checksums is not None:
        return checksums
    if array.nbytes <= WHOLE or len(array) <= SAMPLED:
        return array[:]
    return array[np.linspace(0, len(array) - 1, SAMPLED).astype(np.int64)]


def compare_data(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """A warning where the content is not what it was; "" where it is, or nothing is known of it.

    Args:
        before: what ``fingerprint`` gave when the run was trained; {} where nobody noted it.
        now: what it gives.

    Raises:
        UserError: where class names or count are others (labels would mean something else), or the form: shapes, the unit of points.
    """
    remedy = "put the data back as it was, or train a new run on it"
    if "class_names" in before and before["class_names"] != now["class_names"]:
        was, new = (", ".join(each["class_names"]) or "none" for each in (before, now))
        raise UserError(f"the data's classes were {was}, and are now {new}", remedy, key="data")
    changed = {fact for fact in before.keys() & now.keys() if before[fact] != now[fact]}
    if "form" in changed:
        raise UserError(f"the data was {_said(before['form'])}, and is now {_said(now['form'])}", remedy, key="data")
    if "count" in changed:
        raise UserError(f"the data had {before['count']} samples, and has now {now['count']}", remedy, key="data")
    for fact in changed:  # a hash
        return f"the data's content has changed (its fingerprint was {before[fact]}, and is now {now[fact]})"
    return ""


def _said(form: Mapping[str, Any]) -> str:
    fields = ", ".join(f"{name} {'x'.join(map(str, shape)) or 'numbers'}" for name, shape in form["fields"].items())
    return "; ".join([fields, *(f"{name} {value}" for name, value in form.items() if name != "fields")])
