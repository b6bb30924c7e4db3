"""Data sets, and what those of plugins are made with: the public names are those in ``__all__``, loaded when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cache import default_folder
    from .digits import Digits
    from .files import folder_at, locked, stamp
    from .finding import find_pictures
    from .idx import read_pair
    from .images import DECODER, SUFFIXES, BadImage, decode
    from .rows import Rows

_HOME = {
    "BadImage": "images",
    "DECODER": "images",
    "Digits": "digits",
    "Rows": "rows",
    "SUFFIXES": "images",
    "decode": "images",
    "default_folder": "cache",
    "find_pictures": "finding",
    "folder_at": "files",
    "locked": "files",
    "read_pair": "idx",
    "stamp": "files",
}

__all__ = [
    "DECODER",
    "SUFFIXES",
    "BadImage",
    "Digits",
    "Rows",
    "decode",
    "default_folder",
    "find_pictures",
    "folder_at",
    "locked",
    "read_pair",
    "stamp",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module 'ganzoo.data' has no attribute '{name}'")
