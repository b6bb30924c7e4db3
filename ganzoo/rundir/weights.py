"""Shareable weights: written as safetensors, found in what other programs leave.

State dicts are found inside checkpoints, under prefixes, with names of counters missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor, nn

from ganzoo.config import differences
from ganzoo.errors import UserError
from ganzoo.files import expanded, write_atomically

from . import checkpoint
from .weight_files import SAVE_ONE, read

StateDict = dict[str, Tensor]
WRAPPED = re.compile(r"(^|(?<=\.))(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""What a compiler, sharding and checkpointing leave anywhere in names."""
OF_THE_OTHER = {
    "generator": re.compile(r"(net_?)?(d|dis|disc|discriminator|critic)(_?[0-9]+|_.*)?", re.IGNORECASE),
    "critic": re.compile(r"(net_?)?(g|gen|generator)(_?[0-9]+|_.*)?", re.IGNORECASE),
}
"""How the other network is called where a file holds several."""
DEPTH = 4
COUNTER = "num_batches_tracked"


def export(network: Mapping[str, Tensor], path: Path, **metadata: Any) -> None:
    """Write a network's state dict as safetensors, with ``metadata`` as JSON strings."""
    state = {name: value.detach().contiguous().cpu() for name, value in network.items()}
    write_atomically(path, to_safetensors(state, {name: json.dumps(value) for name, value in metadata.items()}))


def metadata(path: str | Path) -> dict[str, Any]:
    """What ``export`` wrote besides the weights, or a checkpoint says of its own; {} for a file from elsewhere."""
    try:
        file, key = split_choice(path)
        if checkpoint.is_checkpoint(file):
            return _facts_of(checkpoint.decode(file.read_bytes(), str(file))) | ({"average": None} if key else {})
        with safe_open(file, framework="pt") as opened:
            return {name: json.loads(value) for name, value in (opened.metadata() or {}).items()}
    except (OSError, SafetensorError, ValueError, UserError):
        return {}


def _facts_of(state: checkpoint.State) -> dict[str, Any]:
    config, data = state.get("config") or {}, state.get("data") or {}
    names = {"class_names": data["class_names"], "fingerprint": data} if "class_names" in data else {}
    known = {name: state.get(name) for name in ("run", "step", "values", "versions")} | {side: config.get(side) for side in OF_THE_OTHER}
    return {**known, **names, "average": "average" in state["networks"]}


def differing(facts: Mapping[str, Any], side: str, network: Mapping[str, Any], class_names: Sequence[str] = ()) -> list[str]:
    """What weights of ours were trained with otherwise than they are used with now; [] for those from elsewhere.

    Args:
        facts: of the weights, as ``metadata`` gives them.
        side: ``generator`` or ``critic``.
        network: the parameters of the one that they are used in; {}: they are of a part of it.
        class_names: of the data that they are used with; (): no label is read.
    """
    recorded, names = (facts.get(side) or {}) if network else {}, facts.get("class_names") or []
    found = differences({side: recorded}, {side: {name: network.get(name) for name in recorded}})
    other = names and class_names and names != list(class_names)
    return [*found, *([f"classes: {', '.join(names)}, now {', '.join(class_names)}"] if other else [])]


def load_into(network: nn.Module, path: str | Path, inner: str = "", side: str = "generator") -> None:
    """Load a weights file into ``network``; counters of batches (``num_batches_tracked``) that it lacks stay as they are.

    Args:
        network: what takes the weights.
        path: ``.safetensors``, a file of ``torch.save`` or a checkpoint, or ``FILE:KEY`` where it holds several that fit.
        inner: the part of a whole network that ``network`` is: a file of the whole one serves too.
        side: ``generator`` or ``critic``: whose weights are taken from a file of both.

    Raises:
        UserError: where names or shapes differ, or a weight is not finite.
    """
    file, key = split_choice(path)
    wanted = network.state_dict()
    state = find(file, read(file), wanted, side, inner, key)
    for name, value in state.items():
        refuse_tensor(file, name, value, wanted[name])
    network.load_state_dict(wanted | state)


def split_choice(path: str | Path) -> tuple[Path, str]:
    """``FILE:KEY`` as a file and the place of a state dict in it; a file of just that name comes first, with ""."""
    path = expanded(path)
    name, colon, key = str(path).rpartition(":")
    return (path, "") if path.exists() or not colon or not name else (Path(name), key)


def state_dicts(content: Any, place: str = "", depth: int = DEPTH) -> Iterator[tuple[str, StateDict]]:
    """Each state dict in what ``read`` gave, with its dotted place; "" for the whole."""
    if not isinstance(content, Mapping):
        return
    own = {name: value for name, value in content.items() if isinstance(value, Tensor) and isinstance(name, str)}
    if own:
        yield place, own
    for name, value in content.items() if depth else ():
        if isinstance(value, Mapping):
            yield from state_dicts(value, f"{place}.{name}".lstrip("."), depth - 1)


def spellings(state: StateDict, side: str, inner: str, depth: int = DEPTH) -> Iterator[StateDict]:
    """``state``, then without each first part that all names share, in any nesting, unless it is called like the other network."""
    state = {WRAPPED.sub("", name): value for name, value in state.items() if name != "n_averaged"}  # of torch's AveragedModel
    yield state
    if not depth:
        return
    firsts = _firsts(state)
    shared = [first for first in firsts if len(firsts) == 1 and not OF_THE_OTHER[side].fullmatch(first)]
    for first in dict.fromkeys([*([inner] if inner else []), *shared]):
        if without := _below(state, first):
            yield from spellings(without, side, inner, depth - 1)


def networks(place: str, state: StateDict) -> Iterator[tuple[str, StateDict]]:
    """The parts of a state dict of several networks, ``netG_A.*`` beside ``netG_B.*``, with their places."""
    state = {name: value for name, value in state.items() if name != "n_averaged"}
    while len(firsts := _firsts(state)) == 1 and (below := _below(state, firsts[0])):
        state = below
    for first in firsts if len(firsts) > 1 else ():
        if below := _below(state, first):
            yield f"{place}.{first}".lstrip("."), below


def _firsts(state: StateDict) -> list[str]:
    return list(dict.fromkeys(name.partition(".")[0] for name in state))


def _below(state: StateDict, first: str) -> StateDict:
    return {name.removeprefix(f"{first}."): value for name, value in state.items() if name.startswith(f"{first}.")}


def find(path: Path, content: Any, wanted: StateDict, side: str, inner: str, key: str) -> StateDict:
    """The state dict in ``content``, at ``key`` if one is given, whose names are those of ``wanted``.

    Raises:
        UserError: where there is none, or several of them are.
    """
    found = dict(state_dicts(content))
    if not found:
        raise UserError(f"{path} {_description(content)}holds no state dict", SAVE_ONE, key="--weights")
    parts = {place: state for whole in found.items() for place, state in networks(*whole) if place not in found}
    if key:
        if key not in found | parts:
            raise UserError(f"{path} holds no state dict '{key}'", f"it holds {_listed(found | parts)}", key="--weights")
        found, parts = {key: (found | parts)[key]}, {}
    ways: list[tuple[str, StateDict]] = []
    fitting: dict[str, StateDict] = {}
    for states in (found, parts):
        of_others = {place for place in states if not key and OF_THE_OTHER[side].fullmatch(place.rpartition(".")[2])}
        here = [(place, each) for place, state in states.items() if place not in of_others for each in spellings(state, side, inner)]
        for place, each in here if not fitting else ():
            if _without_counters(each) == _without_counters(wanted) and not each.keys() - wanted.keys():
                fitting.setdefault(place, each)
        ways += here
    if path.suffix == checkpoint.SUFFIX and "average" in fitting and side == "generator":
        return fitting["average"]  # of our own checkpoints, as samples are drawn from it
    shaped = {place: each for place, each in fitting.items() if _has_shapes(each, wanted)} or fitting
    first = next(iter(shaped.values()), None)
    if first is None:
        _, nearest = max(ways or list((found | parts).items()), key=lambda way: len(way[1].keys() & wanted.keys()))
        raise _misfit(path, nearest, wanted)
    if len(shaped) > 1:
        remedy = f"choose one: {path}:{next(iter(shaped))}"
        raise UserError(f"{path} holds several state dicts that fit: {_listed(shaped)}", remedy, key="--weights")
    return first


def _has_shapes(state: StateDict, wanted: StateDict) -> bool:
    return all(not value.is_nested and value.shape == wanted[name].shape for name, value in state.items())


def _without_counters(state: StateDict) -> set[str]:
    return {name for name in state if name.rpartition(".")[2] != COUNTER}


def _misfit(path: Path, state: StateDict, wanted: StateDict) -> UserError:
    missing, unknown = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    parts = [f"{len(names)} {word} (such as {names[0]})" for names, word in ((missing, "missing"), (unknown, "unknown")) if names]
    return UserError(f"{path} belongs to another network: {', '.join(parts)}", "use the configuration it was trained with", key="--weights")


def _listed(found: Mapping[str, StateDict]) -> str:
    return ", ".join(place or "(the whole)" for place in list(found)[:12])


def _description(content: Any) -> str:
    if not isinstance(content, Mapping):
        return f"is a {type(content).__name__} and "
    if content and not any(isinstance(name, str) for name in content):
        return f"has numbers for names ({', '.join(str(name) for name in list(content)[:3])}), as an optimizer's state has, and "
    return f"has {', '.join(str(name) for name in list(content)[:6])} and " if content else "is an empty dictionary and "


def refuse_tensor(path: Path, name: str, value: Tensor, wanted: Tensor) -> None:
    """See that a tensor can become the network's.

    Raises:
        UserError: where it is of a kind that cannot, has another shape, or is not finite.
    """

    def refuse(kind: str, remedy: str) -> None:
        raise UserError(f"{path} has '{name}' {kind}", remedy, key="--weights")

    dense = "save plain tensors: {name: value.float() for name, value in network.state_dict().items()}"
    if value.is_nested:
        refuse("as a nested tensor", "save it dense, a tensor each")
    if value.is_quantized:
        refuse(f"as a quantised tensor ({value.dtype})", "save the network before it is quantised")
    if value.device.type == "meta":
        refuse("on the device 'meta', which holds no values", "save the network with its values")
    if value.layout != torch.strided:
        refuse(f"as a sparse tensor ({value.layout})", "save it dense: value.to_dense()")
    if "float8" in str(value.dtype) or "float4" in str(value.dtype):
        refuse(f"in {str(value.dtype).removeprefix('torch.')}, whose scales a state dict does not hold", dense)
    if value.shape != wanted.shape:
        refuse(f"of shape {tuple(value.shape)}, the network {tuple(wanted.shape)}", "use the configuration it was trained with")
    if wanted.is_floating_point() and not value.is_floating_point():
        refuse(f"as {str(value.dtype).removeprefix('torch.')}, the network has floats there", dense)
    if value.is_floating_point() and not torch.isfinite(value).all():
        raise UserError(f"{path} has values in '{name}' that are not finite", "use other weights", key="--weights")
