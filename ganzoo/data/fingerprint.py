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


def fingerprint(arrays: Mapping[str, Rows], class_names: Sequence[str], apart: bool = False) -> dict[str, Any]:
    """``{"class_names": [...], "count": N, "hash": ...}`` of a data set, plain values.

    Of cached images all checksums are hashed, which are at hand; of other fields larger than ``WHOLE``, evenly spaced rows.
    Where each process has samples of its own (``apart``), it knows no others, so that there is neither a count nor a hash.
    """
    known: dict[str, Any] = {"class_names": [str(name) for name in class_names]}
    if apart:
        return known
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {tuple(array.shape)}\n".encode())
        digest.update(np.ascontiguousarray(_content(array)).data)
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
        UserError: where class names or count are others: labels would mean something else.
    """
    remedy = "put the data back as it was, or train a new run on it"
    if "class_names" in before and before["class_names"] != now["class_names"]:
        was, new = (", ".join(each["class_names"]) or "none" for each in (before, now))
        raise UserError(f"the data's classes were {was}, and are now {new}", remedy, key="data")
    changed = {fact for fact in ("count", "hash") if fact in before and fact in now and before[fact] != now[fact]}
    if "count" in changed:
        raise UserError(f"the data had {before['count']} samples, and has now {now['count']}", remedy, key="data")
    if changed:
        return f"the data's content has changed (its fingerprint was {before['hash']}, and is now {now['hash']})"
    return ""
