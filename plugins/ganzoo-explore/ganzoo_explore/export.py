"""A generator as a file that runs without ganzoo: ONNX, or a program of torch.export.

Inputs are the fields that the generator's ``forward`` names, in that order: "latent" (N, L) float32, standard normal unless
the generator draws otherwise; "label" (N,) int64. N is free; so are H and W of image inputs where the network takes any. The
output is "sample": images float32 (N, C, H, W) in [-1, 1], points in the data's own units. An input of that name is
"sample_input" in the file. A schedule's last values (a growing alpha, a stage) are constants of the file.
"""

from __future__ import annotations

import copy
import io
import json
import logging
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.errors import GanzooError, UserError
from ganzoo.fields import forward_inputs
from ganzoo.files import check_ending, write_atomically
from ganzoo.runs.trained import Trained

Format = Literal["onnx", "torch"]
SUFFIXES: Mapping[Format, str] = {"onnx": ".onnx", "torch": ".pt2"}
TOLERANCE = 1e-4
"""Largest difference to the generator that is put down to the order of additions, where samples span [-1, 1]."""
COMPARED = (1, 5)
"""Numbers of samples for which the file is compared with the generator; the program is traced with another."""
TRACED = 3

Runner = Callable[[tuple[Tensor, ...]], np.ndarray]


@dataclass(frozen=True)
class Exported:
    """What was written.

    Args:
        path: the file.
        inputs: names of its inputs, in order.
        difference: largest absolute difference to the generator; None where it could not be run here.
    """

    path: Path
    inputs: tuple[str, ...]
    difference: float | None


class SampleOnly(nn.Module):
    """A generator as exporters want it: tensors in by position, one tensor out.

    Args:
        trained: its network is copied to the CPU, in evaluation mode.
    """

    def __init__(self, trained: Trained) -> None:
        super().__init__()
        self.generator = copy.deepcopy(trained.generator).cpu().eval().requires_grad_(False)
        self.scale = 1.0 if trained.data.is_image else trained.data.scale
        names = forward_inputs(type(trained.generator))
        self.names = tuple(name for name in names if name not in trained.values)
        """Of the inputs, in order."""
        self._constants = {n: v.cpu() if isinstance(v, Tensor) else v for n, v in trained.values.items() if n in names}
        for name, value in self._constants.items():
            if isinstance(value, Tensor):
                self.register_buffer(f"constant_{name}", value.cpu())

    def forward(self, *inputs: Tensor) -> Tensor:
        """Fields (N, ...) in the order of ``names`` -> "sample" (N, *shape)."""
        constants = {name: getattr(self, f"constant_{name}", value) for name, value in self._constants.items()}
        sample: Tensor = self.generator(**dict(zip(self.names, inputs, strict=True)), **constants)["sample"]
        return sample if self.scale == 1 else sample * self.scale


def export_generator(trained: Trained, to: Format, path: Path) -> Exported:
    """Write the generator, having compared what is written with the generator itself.

    Raises:
        UserError: where what the format needs is not installed, or the name ends as that of another format.
        GanzooError: where the generator cannot be traced, or what came out of it is another function.
    """
    check_ending(path, SUFFIXES[to], key="--out")
    network = SampleOnly(trained)
    example = _inputs(trained, network.names, TRACED)
    try:
        with _quietly(), torch.no_grad():
            program = _traced(network, example)
            names = tuple("sample_input" if name == "sample" else name for name in network.names)  # the output is called so
            content, run = (_to_onnx if to == "onnx" else _to_torch)(program, names, _facts(trained))
    except GanzooError:
        raise
    except Exception as error:  # a tracer meets a plugin's code with whatever it likes
        reason = textwrap.shorten(" ".join(str(error).split()), 400, placeholder=" ...")
        name = type(trained.generator).__name__
        raise GanzooError(f"generator {name} cannot be exported to {to} ({type(error).__name__}: {reason})") from error
    difference = None if run is None else max(_difference(network, run, _inputs(trained, network.names, n)) for n in COMPARED)
    if difference is not None and not difference <= TOLERANCE * max(1.0, network.scale):
        raise GanzooError(
            f"the exported generator differs from {type(trained.generator).__name__} by up to {difference:.2g}, so nothing was written; "
            "does its forward draw noise, or branch on its inputs?"
        )
    write_atomically(path, content)
    return Exported(path, names, difference)


def _traced(network: SampleOnly, example: tuple[Tensor, ...]) -> torch.export.ExportedProgram:
    """The program for any N; for any H and W of images too where the network is fully convolutional, else for those of the data."""
    batch = torch.export.Dim("batch", min=1, max=2**20)
    fixed: list[dict[int, Any]] = [{0: batch} for _ in example]
    free = [{0: batch, 2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO} if value.dim() == 4 else {0: batch} for value in example]
    if free != fixed:
        try:
            return torch.export.export(network, example, dynamic_shapes=(tuple(free),), strict=False)
        except Exception:  # it needs the size that it was built for
            pass
    return torch.export.export(network, example, dynamic_shapes=(tuple(fixed),), strict=False)


def _to_torch(program: torch.export.ExportedProgram, names: tuple[str, ...], facts: Mapping[str, str]) -> tuple[bytes, Runner]:
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files=dict(facts))
    module = program.module()
    return buffer.getvalue(), lambda inputs: np.asarray(module(*inputs).detach().numpy())


def _to_onnx(program: torch.export.ExportedProgram, names: tuple[str, ...], facts: Mapping[str, str]) -> tuple[bytes, Runner | None]:
    try:
        import onnx
        import onnxscript  # noqa: F401  (what torch translates with)
    except ImportError as error:
        raise UserError(f"writing ONNX needs {error.name}, which is not installed", "pip install onnx onnxscript", key="--to") from None
    translated = torch.onnx.export(program, input_names=list(names), output_names=["sample"], dynamo=True, verbose=False, optimize=True)
    assert translated is not None  # it is where no file is named
    model = translated.model_proto
    onnx.helper.set_model_props(model, dict(facts))
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content, _onnx_runner(content, names)


def _onnx_runner(content: bytes, names: tuple[str, ...]) -> Runner | None:
    """Runs an ONNX model on the CPU; None where onnxruntime is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda inputs: np.asarray(session.run(["sample"], {name: value.numpy() for name, value in zip(names, inputs, strict=True)})[0])


def _inputs(trained: Trained, names: tuple[str, ...], n: int) -> tuple[Tensor, ...]:
    fields = trained.inputs(n, seed=n)
    return tuple(fields[name] for name in names)


@torch.no_grad()
def _difference(network: SampleOnly, run: Runner, inputs: tuple[Tensor, ...]) -> float:
    wanted, found = network(*inputs).numpy(), run(inputs)
    return float(np.abs(wanted - found).max()) if wanted.shape == found.shape else float("inf")


def _facts(trained: Trained) -> dict[str, str]:
    """What the file says of itself."""
    facts: dict[str, Any] = {"data": trained.data.to_json(), "step": trained.facts.get("step"), "class_names": list(trained.class_names)}
    return {"ganzoo": json.dumps({"generator": trained.part.component.qualified, **facts})}


@contextmanager
def _quietly() -> Iterator[None]:
    """Exporters tell of their inner life; what matters comes as an exception."""
    disabled = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(disabled)
