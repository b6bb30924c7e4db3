"""Shareable weights: safetensors files, and plain state dicts saved elsewhere. No file is ever unpickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor, nn

from ganzoo.errors import UserError
from ganzoo.files import write_atomically

PARALLEL_PREFIX = "module."
"""What multi-GPU training leaves before every name."""


def export(network: Mapping[str, Tensor], path: Path, **metadata: Any) -> None:
    """Write a network's state dict as safetensors, with ``metadata`` as JSON strings."""
    state = {name: value.detach().contiguous().cpu() for name, value in network.items()}
    write_atomically(path, to_safetensors(state, {name: json.dumps(value) for name, value in metadata.items()}))


def metadata(path: Path) -> dict[str, Any]:
    """What ``export`` wrote besides the weights; {} for a file from elsewhere."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: json.loads(value) for name, value in (file.metadata() or {}).items()}
    except (OSError, SafetensorError, ValueError):
        return {}


def read(path: Path) -> dict[str, Tensor]:
    """Read a state dict: ``.safetensors``, or a file of ``torch.save`` holding tensors only.

    Names lose a ``module.`` prefix where all have it.

    Raises:
        UserError: where the file is missing, damaged, or holds anything but tensors (nothing is executed).
    """
    if not path.is_file():
        raise UserError(f"there is no weights file {path}", "name a .safetensors file or a state dict saved by torch.save", key="--weights")
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                state: Any = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise UserError(f"{path} is no whole safetensors file ({error})", "copy it again", key="--weights") from error
    except Exception as error:  # a forged archive raises many kinds
        reason = " ".join(str(error).split())[:120]
        raise UserError(
            f"{path} cannot be read without executing code from it ({type(error).__name__}: {reason})",
            "save a plain state dict: torch.save(network.state_dict(), path)",
            key="--weights",
        ) from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not state or not all(isinstance(v, Tensor) for v in state.values()):
        raise UserError(f"{path} holds no state dict", "save one: torch.save(network.state_dict(), path)", key="--weights")
    if all(name.startswith(PARALLEL_PREFIX) for name in state):
        state = {name.removeprefix(PARALLEL_PREFIX): value for name, value in state.items()}
    tensors: dict[str, Tensor] = state
    return tensors


def load_into(network: nn.Module, path: str | Path, inner: str = "") -> None:
    """Load a weights file into ``network``, which is the part ``inner`` of a whole one: a file of the whole one serves too.

    Raises:
        UserError: where names or shapes differ, or a weight is not finite.
    """
    state = read(Path(path).expanduser())
    wanted = network.state_dict()
    if inner and not wanted.keys() & state.keys() and any(name.startswith(f"{inner}.") for name in state):
        state = {name.removeprefix(f"{inner}."): value for name, value in state.items() if name.startswith(f"{inner}.")}
    missing, unknown = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    if missing or unknown:
        parts = [f"{len(names)} {word} (such as {names[0]})" for names, word in ((missing, "missing"), (unknown, "unknown")) if names]
        raise UserError(
            f"{path} belongs to another network: {', '.join(parts)}", "use the configuration it was trained with", key="--weights"
        )
    for name, value in state.items():
        if value.shape != wanted[name].shape:
            raise UserError(
                f"{path} has '{name}' of shape {tuple(value.shape)}, the network {tuple(wanted[name].shape)}",
                "use the configuration it was trained with",
                key="--weights",
            )
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise UserError(f"{path} has values in '{name}' that are not finite", "use other weights", key="--weights")
    network.load_state_dict(state)
