"""Wording of types and values in messages: what was wanted, and what was found."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal, Union

from pydantic import BaseModel

from ganzoo.errors import UserError, did_you_mean
from ganzoo.params import bounds_text, split_annotation
from ganzoo.params.curves import ByType

from .strict_yaml import resolve_plain, shortened
from .yaml_writer import flow

_NAMES: Mapping[type, str] = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    type(None): "null",
    PurePath: "a path",
    dict: "a mapping",
    BaseModel: "a mapping",
}
_SPOKEN = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_LISTS = (list, tuple, set, frozenset)


@dataclass(frozen=True)
class Words:
    """Annotates a type with what messages call it: ``Annotated[str, Words("auto, cpu or cuda")]``.

    Args:
        words: what is wanted.
        remedy: what to do about anything else.
    """

    words: str
    remedy: str = ""


def in_words(annotation: Any) -> str:
    """An annotation as a sentence needs it: ``an integer > 0, or null``."""
    base, metadata = split_annotation(annotation)
    if words := _said(metadata, "words"):
        return words
    *most, last = [in_words(member) for member in members(annotation)] if len(members(annotation)) > 1 else [_base_words(base, metadata)]
    if most:
        return f"{', '.join(most)}, or {last}"
    also = next((item.also for item in metadata if isinstance(item, ByType)), "")
    return f"{last} {bounds_text(metadata)}".strip() + (f", or {also}" if also else "")


def describe(value: Any) -> str:
    """A value as a sentence needs it: ``the string 'ten'``."""
    if isinstance(value, str):
        return f"the string '{shortened(value)}'"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "an empty list" if not value else f"the list {text}" if len(text := flow(value)) <= 60 else f"a list of {len(value)}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{flow(value)}, which is not finite"
    return "nothing (null)" if value is None else flow(value)


def remedy_for(annotation: Any, value: Any, default: Any) -> str:
    """What to write in place of ``value``, or "" where ``in_words`` says it all; ``default`` is ``...`` where there is none."""
    bases = {split_annotation(member)[0] for member in members(annotation)}
    if remedy := _said(split_annotation(annotation)[1], "remedy"):
        return remedy
    if choices := [str(choice) for base in bases if typing.get_origin(base) is Literal for choice in typing.get_args(base)]:
        return did_you_mean(value if isinstance(value, str) else "", choices, noun="permitted")
    if keys := [key for base in bases if isinstance(base, type) and issubclass(base, BaseModel) for key in base.model_fields]:
        return f"its keys: {', '.join(keys)}"
    if isinstance(value, str) and bool in bases and value.lower() in _SPOKEN:
        return f"write {_SPOKEN[value.lower()]}"
    if isinstance(value, str) and bases & {int, float, bool} and (unquoted := _unquoted(value)) is not None:
        return f"write {flow(unquoted)} without quotes or separators"
    if isinstance(value, float) and int in bases and value.is_integer():
        return f"write {int(value)}"
    if isinstance(value, int | float) and str in bases:
        return f'write "{flow(value)}" in quotes'
    lead = "write a list in brackets" if any(typing.get_origin(base) in _LISTS for base in bases) and not isinstance(value, list) else ""
    return "; ".join(text for text in (lead, _default_text(default)) if text)


def members(annotation: Any) -> list[Any]:
    """The members of a union; of any other annotation, itself."""
    base = split_annotation(annotation)[0]
    return list(typing.get_args(base)) if typing.get_origin(base) in (Union, types.UnionType) else [annotation]


def without_null(annotation: Any) -> Any:
    """The bare type where there is one besides null; a union stays as it is."""
    bases = [split_annotation(member)[0] for member in members(annotation) if member is not type(None)]
    return bases[0] if len(bases) == 1 else annotation


def _said(metadata: list[Any], attribute: str) -> str:
    return next((text for item in metadata if isinstance(text := getattr(item, attribute, None), str)), "")


def _base_words(base: Any, metadata: list[Any]) -> str:
    origin, args = typing.get_origin(base), typing.get_args(base)
    if origin is Literal:
        *most, last = [flow(choice) for choice in args]
        return f"{', '.join(most)} or {last}" if most else last
    if origin is tuple and args[-1] is not ...:
        return (
            f"a list of {len(args)}, each {in_words(args[0])}" if len(set(args)) == 1 else f"a list: {', then '.join(map(in_words, args))}"
        )
    if origin in _LISTS:
        least = next((item.min_length for item in metadata if getattr(item, "min_length", 0)), 0)
        return f"a list{f' of {least} or more' if least else ''}, each {in_words(args[0])}"
    kind = origin or base
    named = (words for known, words in _NAMES.items() if isinstance(kind, type) and issubclass(kind, known))
    return next(named, getattr(kind, "__name__", str(kind)))


def _unquoted(text: str) -> Any:
    try:
        value = resolve_plain(text.replace("_", "").replace(",", "").strip())
    except UserError:
        return None
    return value if isinstance(value, bool | int | float) else None


def _default_text(default: Any) -> str:
    try:
        return f"the default is {flow(default)}"
    except (TypeError, UserError):  # no default, or one that YAML cannot write: nothing to show
        return ""
