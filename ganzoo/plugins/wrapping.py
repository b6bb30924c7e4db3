"""``ganzoo.wrap``: a plain ``nn.Module`` as a generator or a critic."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ganzoo.errors import ContractError, UserError
from ganzoo.fields import DataSpec, Fields
from ganzoo.players import Critic, Generator

SCORES = frozenset({"score", "label_logits"})
"""What a critic gives; a network that gives anything else is a generator."""


def wrap(
    network: type[nn.Module], *, gives: str | Sequence[str], reads: str | Sequence[str] | None = None, latent_dim: int | str | None = None
) -> type[Any]:
    """Make a component of a plain network: a Generator, or a Critic where it gives "score" or "label_logits".

    The parameters of the network's constructor become YAML keys; one called ``data`` is given the DataSpec. Those without
    annotation have the type of their default.

    ``Tower = ganzoo.wrap(Net, gives="sample", reads="latent", latent_dim=64)``

    Args:
        network: the class: a run makes its own, from its seed.
        gives: the field that ``forward`` returns as a tensor; the fields of a tuple, in order; or those of a mapping.
        reads: the fields that ``forward`` is given, in the order of its arguments; None: called as its arguments.
        latent_dim: length L of "latent", or the constructor's parameter that says it; None: the network's own
            ``latent_dim``, which has to be there where "latent" is read.

    Returns:
        The class, with the name of the network's.

    Raises:
        ContractError: where a parameter has neither type nor default, or the arguments of ``forward`` are no fields.
        UserError: where ``network`` is not a class, or ``gives`` names nothing, or scores and fields together.
    """
    if not (isinstance(network, type) and issubclass(network, nn.Module)):
        raise UserError(f"ganzoo.wrap is given a {type(network).__name__}", "give it the class of a network, which each run makes anew")
    given, read = _names(gives), _read(network, reads)
    if not given or len({name in SCORES for name in given}) > 1:
        raise UserError(f"gives={gives!r} is neither a generator nor a critic", "name fields such as sample, or scores such as score")
    base: type[nn.Module] = Critic if given[0] in SCORES else Generator
    parameters, wants_data = _parameters(network), "data" in inspect.signature(network.__init__).parameters

    def __init__(self: Any, data: DataSpec, **params: Any) -> None:
        base.__init__(self)
        self.network = network(**({"data": data} if wants_data else {}), **params)
        if base is Generator and "latent" in read:
            found = params.get(latent_dim) if isinstance(latent_dim, str) else latent_dim
            found = getattr(self.network, "latent_dim", None) or params.get("latent_dim") if found is None else found
            if not isinstance(found, int):
                raise ContractError(f"{network.__name__} reads 'latent' of an unknown length", "say latent_dim=... to ganzoo.wrap")
            self.latent_dim = found

    def forward(self: Any, **fields: Tensor) -> Fields:
        made = self.network(*(fields[name] for name in read))
        if isinstance(made, Mapping):
            return dict(made)
        return dict(zip(given, (made,) if isinstance(made, Tensor) else made, strict=True))

    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    words = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in read]
    leading = itself.replace(name="data", annotation=DataSpec)
    __init__.__signature__ = inspect.Signature([itself, leading, *parameters])  # type: ignore[attr-defined]
    __init__.__annotations__ = {"data": DataSpec, **{p.name: p.annotation for p in parameters}}
    __init__.__doc__ = network.__init__.__doc__  # it may document the parameters
    forward.__signature__ = inspect.Signature([itself, *words])  # type: ignore[attr-defined]
    members = {"__init__": __init__, "forward": forward, "gives": frozenset(given), "__doc__": network.__doc__, "wrapped": network}
    # It belongs to the module that wraps it, whose component it is.
    return type(network.__name__, (base,), members | {"__module__": sys._getframe(1).f_globals.get("__name__", __name__)})


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _read(cls: type[nn.Module], reads: str | Sequence[str] | None) -> tuple[str, ...]:
    """The fields for ``forward``, in the order of its arguments."""
    arguments = list(inspect.signature(cls.forward).parameters.values())[1:]
    plain = [a for a in arguments if a.kind in (a.POSITIONAL_ONLY, a.POSITIONAL_OR_KEYWORD)]
    if reads is None:
        if len(plain) != len(arguments) or any(a.default is not a.empty for a in plain):
            raise ContractError(f"the arguments of {cls.__name__}.forward are no fields", "name the fields to be given: reads=[...]")
        return tuple(a.name for a in plain)
    names = _names(reads)
    least = sum(a.default is a.empty for a in plain)
    if len(plain) == len(arguments) and not least <= len(names) <= len(plain):
        raise ContractError(f"{cls.__name__}.forward takes {least} to {len(plain)} arguments, reads= names {len(names)}", "name as many")
    return names


def _parameters(cls: type[nn.Module]) -> list[inspect.Parameter]:
    """The constructor's parameters but ``data``, keyword-only, each with a type."""
    if cls.__init__ is nn.Module.__init__:
        return []
    arguments = [p for p in list(inspect.signature(cls.__init__).parameters.values())[1:] if p.name != "data"]
    try:
        hints = typing.get_type_hints(cls.__init__, include_extras=True)
    except (NameError, TypeError):
        hints = {}
    found = []
    for p in arguments:
        hint = hints.get(p.name, type(p.default) if isinstance(p.default, bool | int | float | str) else None)
        if hint is None or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY):
            what = f"the constructor of {cls.__name__} takes '{p}', whose type is not known"
            raise ContractError(what, "annotate it, or give it a default")
        found.append(p.replace(kind=p.KEYWORD_ONLY, annotation=hint))
    return found
