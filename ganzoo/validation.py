"""Validates plain values against a pydantic model, and says what is wrong in the words of the field."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Any, Literal, TypeVar, Union

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, to_json

from .errors import UserError, did_you_mean
from .overrides import Places
from .strict_yaml import KeyPath, resolve_plain
from .yaml_writer import flow

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Words:
    """Annotates a type with what messages call it: ``Annotated[str, Words("auto, cpu or cuda")]``."""

    words: str


def validated(model: type[Model], tree: Any, places: Places | None, prefix: KeyPath = (), *, noun: str = "keys") -> Model:
    """``tree`` as a ``model``: strict types (``true`` is no 1), lists for tuples, no NaN.

    Args:
        model: what is wanted.
        tree: plain values.
        places: where they were written.
        prefix: the path of ``tree`` in the configuration.
        noun: what the keys of ``tree`` are called.

    Raises:
        UserError: for the first thing wrong, from top to bottom.
    """
    try:
        # JSON mode: strict about types, and a list is the one way to write a tuple.
        return model.model_validate_json(to_json(tree, inf_nan_mode="constants"))
    except ValidationError as error:
        problems = [_explain(model, tree, details, noun) for details in error.errors(include_url=False)]
    if places is None:
        first = problems[0]
        raise UserError(first.what, first.remedy, key=".".join(map(str, prefix + first.path)))
    # A misspelt key comes before the missing one that it stands for.
    first = min(problems, key=lambda problem: (problem.missing, places.order(prefix + problem.path)))
    path = prefix + first.path
    raise UserError(first.what, first.remedy, key=places.key(path), where=places.where(path))


@dataclass(frozen=True)
class _Problem:
    path: KeyPath
    what: str
    remedy: str
    missing: bool = False


def _explain(model: type[BaseModel], tree: Any, details: ErrorDetails, noun: str) -> _Problem:
    kind, location = details["type"], details["loc"]
    if kind == "extra_forbidden":
        return _unknown(model, tree, location, noun)
    annotation, path, default = _descend(model, location)
    if kind == "missing":
        return _Problem(path, "is missing", _missing_remedy(tree, path, annotation), missing=True)
    value = _at(tree, path)
    if kind in ("value_error", "assertion_error"):
        return _Problem(path, str(details["ctx"]["error"]), f"it should be {in_words(annotation)}")
    return _Problem(path, f"expects {in_words(annotation)}, found {describe(value)}", _remedy(annotation, value, default))


def _descend(model: type[BaseModel], location: tuple[str | int, ...]) -> tuple[Any, KeyPath, Any]:
    """The annotation that ``location`` means, the path to it, and its default; stops before a union's members."""
    annotation: Any = model
    default: Any = None
    for depth, segment in enumerate(location):
        inner = _without_null(annotation)
        item_types = typing.get_args(inner)
        if isinstance(inner, type) and issubclass(inner, BaseModel) and segment in inner.model_fields:
            found = inner.model_fields[str(segment)]
            annotation, default = Annotated[found.annotation, "", *found.metadata], found.get_default(call_default_factory=False)
        elif dataclasses.is_dataclass(inner) and segment in (hints := typing.get_type_hints(inner, include_extras=True)):
            annotation, default = hints[str(segment)], None
        elif typing.get_origin(inner) is tuple and isinstance(segment, int):
            annotation, default = item_types[0] if item_types[-1] is ... else item_types[min(segment, len(item_types) - 1)], None
        elif typing.get_origin(inner) in (list, set, frozenset) and item_types:
            annotation, default = item_types[0], None
        elif typing.get_origin(inner) is dict:
            annotation, default = item_types[1], None
        else:
            return annotation, location[:depth], default
    return annotation, location, default


def _split(annotation: Any) -> tuple[Any, list[Any]]:
    """An annotation and its metadata."""
    if typing.get_origin(annotation) is not Annotated:
        return annotation, []
    base, *metadata = typing.get_args(annotation)
    return base, [inner for item in metadata for inner in (getattr(item, "metadata", None) or [item])]


def _members(annotation: Any) -> list[Any]:
    base, metadata = _split(annotation)
    if typing.get_origin(base) in (Union, types.UnionType):
        return list(typing.get_args(base))
    return [Annotated[base, "", *metadata] if metadata else base]


def _without_null(annotation: Any) -> Any:
    members = [member for member in _members(annotation) if member is not type(None)]
    return _split(members[0])[0] if len(members) == 1 else annotation


_NAMES: dict[Any, str] = {
    int: "an integer",
    float: "a number",
    str: "a string",
    bool: "true or false",
    type(None): "null",
    PurePath: "a path",
    dict: "a mapping",
}
_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def in_words(annotation: Any) -> str:
    """An annotation as a sentence needs it: ``an integer > 0 or null``."""
    base, metadata = _split(annotation)
    for item in metadata:
        if isinstance(words := getattr(item, "words", None), str):
            return words
    members = _members(annotation)
    if len(members) > 1:
        return " or ".join(in_words(member) for member in members)
    bounds = [
        f"{sign} {flow(getattr(item, name))}" for item in metadata for name, sign in _SIGNS.items() if getattr(item, name, None) is not None
    ]
    return " ".join([_base_words(base, metadata), *[" and ".join(bounds)] * bool(bounds)])


def _base_words(base: Any, metadata: list[Any]) -> str:
    origin, args = typing.get_origin(base), typing.get_args(base)
    if origin is Literal:
        *most, last = [flow(choice) for choice in args]
        return f"{', '.join(most)} or {last}" if most else last
    if origin is tuple and args[-1] is not ...:
        return f"a list of {len(args)}, each {in_words(args[0])}" if len(set(args)) == 1 else f"a list of {', '.join(map(in_words, args))}"
    if origin in (tuple, list, set, frozenset):
        at_least = next((item.min_length for item in metadata if getattr(item, "min_length", 0)), 0)
        return f"a list{f' of {at_least} or more' if at_least else ''}, each {in_words(args[0])}"
    if isinstance(base, type) and issubclass(base, BaseModel):
        return f"a mapping with the keys {', '.join(base.model_fields)}"
    kind = origin or base
    return next(
        (words for known, words in _NAMES.items() if isinstance(kind, type) and issubclass(kind, known)),
        getattr(kind, "__name__", str(kind)),
    )


def describe(value: Any) -> str:
    """A value as a sentence needs it: ``the string 'ten'``."""
    if isinstance(value, str):
        return f"the string '{value if len(value) <= 60 else value[:57] + '...'}'"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "an empty list" if not value else f"the list {text}" if len(text := flow(value)) <= 60 else f"a list of {len(value)}"
    return "nothing (null)" if value is None else flow(value)


def _at(tree: Any, path: KeyPath) -> Any:
    for segment in path:
        try:
            tree = tree[segment]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _choices(annotation: Any) -> list[str]:
    bases = [_split(member)[0] for member in _members(annotation)]
    return [str(choice) for base in bases if typing.get_origin(base) is Literal for choice in typing.get_args(base)]


def _unknown(model: type[BaseModel], tree: Any, location: tuple[str | int, ...], noun: str) -> _Problem:
    *above, last = location
    holder = _without_null(_descend(model, tuple(above))[0])
    name = str(last)
    known = list(holder.model_fields)
    sections = {key: _without_null(found.annotation) for key, found in holder.model_fields.items()}
    homes = [
        key for key, inner in sections.items() if isinstance(inner, type) and issubclass(inner, BaseModel) and name in inner.model_fields
    ]
    if ":" in name and _at(tree, location) is None:
        remedy = f"put a space after the colon: {name.replace(':', ': ', 1)}"
    elif homes:
        remedy = f"it belongs under '{homes[0]}': write {homes[0]}: {{{name}: ...}}"
    else:
        remedy = did_you_mean(name, known, noun=noun)
    return _Problem(location, f"is not one of the {noun} here", remedy)


def _missing_remedy(tree: Any, path: KeyPath, annotation: Any) -> str:
    *above, name = path
    holder = _at(tree, tuple(above))
    close = difflib.get_close_matches(str(name), list(holder), n=1, cutoff=0.6) if isinstance(holder, Mapping) else []
    return f"write '{name}' for '{close[0]}'" if close else f"add '{name}: ...', {in_words(annotation)}"


_SPOKEN = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def _remedy(annotation: Any, value: Any, default: Any) -> str:
    bases = {_split(member)[0] for member in _members(annotation)}
    if choices := _choices(annotation):
        return did_you_mean(value if isinstance(value, str) else "", choices, noun="permitted")
    if isinstance(value, str) and bool in bases and value.lower() in _SPOKEN:
        return f"write {_SPOKEN[value.lower()]}"
    if isinstance(value, str) and bases & {int, float, bool}:
        unquoted = _number(value.replace("_", "").replace(",", ""))
        if unquoted is not None:
            return f"write {flow(unquoted)} without quotes or separators"
    if isinstance(value, float) and int in bases and value.is_integer():
        return f"write {int(value)}"
    if isinstance(value, int | float) and str in bases:
        return f'write "{flow(value)}" in quotes'
    if value is not None and not isinstance(value, Mapping | list) and any(typing.get_origin(base) in (tuple, list) for base in bases):
        return f"write a list in brackets{_default_text(default, ', for example ')}"
    return f"write {in_words(annotation)}{_default_text(default, '; the default is ')}"


def _number(text: str) -> Any:
    try:
        value = resolve_plain(text)
    except UserError:
        return None
    return value if isinstance(value, bool | int | float) else None


def _default_text(default: Any, lead: str) -> str:
    try:
        return f"{lead}{flow(default)}" if default is not None else ""
    except (TypeError, UserError):  # PydanticUndefined, or a default that YAML cannot write: nothing to show
        return ""
