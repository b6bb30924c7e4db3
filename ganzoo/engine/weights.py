"""Shareable weights: written as safetensors, read in whatever form others leave them (``foreign``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor, nn

from ganzoo.files import write_atomically

from .foreign import find, read, refuse_tensor, split_choice

__all__ = ["export", "load_into", "metadata", "read"]


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


def load_into(network: nn.Module, path: str | Path, inner: str = "", side: str = "generator") -> None:
    """Load a weights file into ``network``.

    Args:
        network: what takes the weights. Counters of batches (``num_batches_tracked``) that the file lacks stay as they are.
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
