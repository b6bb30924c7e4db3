"""A generator as a file that runs without ganzoo: ONNX, or a program of torch.export.

Inputs are the fields that the generator's ``forward``, or a route of it, names, in that order: "latent" (N, L) float32, standard
normal unless the generator draws otherwise; "label" (N,) int64. N is free; so are H and W of image inputs where the network takes
any. The output of ``forward`` is "sample": images float32 (N, C, H, W) in [-1, 1], points in the data's own units; a route's are
all that it gives, by name. An input called as an output is "sample_input" in the file. A schedule's last values (a growing
alpha, a stage) are constants of the file.
"""

from __future__ import annotations

import contextlib
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

from ganzoo.compat.dry_run import example_batch
from ganzoo.engine.randomness import seeded
from ganzoo.engine.sampling import make_inputs
from ganzoo.errors import GanzooError, UserError, did_you_mean
from ganzoo.files import check_ending, write_atomically
from ganzoo.players import Generator
from ganzoo.runs.trained import Trained

from .pack import shortened

Format = Literal["onnx", "torch"]
SUFFIXES: Mapping[Format, str] = {"onnx": ".onnx", "torch": ".pt2"}
TOLERANCE = 1e-4
"""Largest difference to the generator that is put down to the order of additions, where samples span [-1, 1]."""
COMPARED = (1, 5)
"""Numbers of samples for which the file is compared with the generator; the program is traced with another."""
TRACED = 3

Runner = Callable[[tuple[Tensor, ...]], list[np.ndarray]]


@dataclass(frozen=True)
class Exported:
    """What was written.

    Args:
        path: the file.
        inputs, outputs: their names, in order.
        difference: largest absolute difference to the generator; None where it could not be run here.
    """

    path: Path
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    difference: float | None


class Positional(nn.Module):
    """One forward of a generator as exporters want it: tensors in and out by position.

    Args:
        trained: its network is copied to the CPU, in evaluation mode.
        route: the forward; "": its own.

    Raises:
        UserError: where there is no such route.
    """

    def __init__(self, trained: Trained, route: str = "") -> None:
        super().__init__()
        self.generator = copy.deepcopy(trained.generator).cpu().eval().requires_grad_(False)
        self.route = route
        port = self.generator.port(route)
        if port is None:
            raise UserError(
                f"the generator has no route '{route}'", did_you_mean(route, self.generator.routes, noun="routes"), key="--route"
            )
        self.scale = 1.0 if trained.data.is_image else trained.data.scale
        self.names = tuple(name for name in port.reads if name not in trained.values)
        """Of the inputs, in order."""
        self.outputs = tuple(sorted(port.gives)) if route else ("sample",)
        self._constants = {n: v.cpu() if isinstance(v, Tensor) else v for n, v in trained.values.items() if n in port.reads}
        for name, value in self._constants.items():
            if isinstance(value, Tensor):
                self.register_buffer(f"constant_{name}", value.cpu())

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...] | Tensor:
        """Fields (N, ...) in the order of ``names`` -> those of ``outputs``, alone where it is one."""
        constants = {name: getattr(self, f"constant_{name}", value) for name, value in self._constants.items()}
        given = self.generator.serving(self.route).call(**dict(zip(self.names, inputs, strict=True)), **constants)
        made = tuple(given[name] * self.scale if name == "sample" and self.scale != 1 else given[name] for name in self.outputs)
        return made if len(made) > 1 else made[0]


def export_generator(trained: Trained, to: Format, path: Path, route: str = "") -> Exported:
    """Write the generator's forward, or a route of it, having compared what is written with the generator itself.

    Raises:
        UserError: where what the format needs is not installed, the name ends as that of another format, or there is no such route.
        GanzooError: where the generator cannot be traced, or what came out of it is another function.
    """
    check_ending(path, SUFFIXES[to], key="--out")
    network = Positional(trained, route)
    who = f"{type(trained.generator).__name__}{f'.{route}' if route else ''}"
    example = _inputs(trained, network.names, TRACED)
    try:
        with _quietly(), torch.no_grad():
            program = _traced(network, example)
            names = tuple(f"{name}_input" if name in network.outputs else name for name in network.names)
            content, run = (_to_onnx if to == "onnx" else _to_torch)(program, names, network.outputs, _facts(trained, network))
    except GanzooError:
        raise
    except Exception as error:  # a tracer meets a plugin's code with whatever it likes
        reason = textwrap.shorten(" ".join(str(error).split()), 400, placeholder=" ...")
        raise GanzooError(f"generator {who} cannot be exported to {to} ({type(error).__name__}: {reason})") from error
    difference = None if run is None else max(_difference(network, run, _inputs(trained, network.names, n)) for n in COMPARED)
    if difference is not None and not difference <= TOLERANCE * max(1.0, network.scale):
        raise GanzooError(
            f"the exported generator differs from {who} by up to {difference:.2g}, so nothing was written; "
            "does its forward draw noise, or branch on its inputs?"
        )
    write_atomically(path, content)
    return Exported(path, names, network.outputs, difference)


def _traced(network: Positional, example: tuple[Tensor, ...]) -> torch.export.ExportedProgram:
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


def _to_torch(
    program: torch.export.ExportedProgram, names: tuple[str, ...], outputs: tuple[str, ...], facts: Mapping[str, str]
) -> tuple[bytes, Runner]:
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files=dict(facts))
    module = program.module()
    return buffer.getvalue(), lambda inputs: [value.numpy() for value in _listed(module(*inputs))]


def _to_onnx(
    program: torch.export.ExportedProgram, names: tuple[str, ...], outputs: tuple[str, ...], facts: Mapping[str, str]
) -> tuple[bytes, Runner | None]:
    try:
        import onnx
        import onnxscript  # noqa: F401  (what torch translates with)
    except ImportError as error:
        raise UserError(f"writing ONNX needs {error.name}, which is not installed", "pip install onnx onnxscript", key="--to") from None
    translated = torch.onnx.export(program, input_names=list(names), output_names=list(outputs), dynamo=True, verbose=False, optimize=True)
    assert translated is not None  # it is where no file is named
    model = translated.model_proto
    onnx.helper.set_model_props(model, dict(facts))
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content, _onnx_runner(content, names, outputs)


def _onnx_runner(content: bytes, names: tuple[str, ...], outputs: tuple[str, ...]) -> Runner | None:
    """Runs an ONNX model on the CPU; None where onnxruntime is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda inputs: list(session.run(list(outputs), {name: value.numpy() for name, value in zip(names, inputs, strict=True)}))


def _inputs(trained: Trained, names: tuple[str, ...], n: int) -> tuple[Tensor, ...]:
    """Inputs to try it with: what it draws, labels, and noise in place of the data, which need not be here."""
    with seeded(torch.device("cpu"), n):
        batch = example_batch(trained.data, n)
    fields = make_inputs(trained.generator, trained.data, n, seed=n, given=batch | trained.values)
    return tuple(fields[name] for name in names)


def _listed(made: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (made,) if isinstance(made, Tensor) else made


@torch.no_grad()
def _difference(network: Positional, run: Runner, inputs: tuple[Tensor, ...]) -> float:
    pairs = [(wanted.numpy(), found) for wanted, found in zip(_listed(network(*inputs)), run(inputs), strict=True)]
    return max(float(np.abs(wanted - found).max()) if wanted.shape == found.shape else float("inf") for wanted, found in pairs)


def _facts(trained: Trained, network: Positional) -> dict[str, str]:
    """What the file says of itself."""
    facts: dict[str, Any] = {name: trained.facts.get(name) for name in ("run", "step")}
    facts |= {"data": trained.data.to_json(), "class_names": list(trained.class_names)}
    facts["draws_normal"] = type(trained.generator).draw is Generator.draw and trained.generator.latent_dim > 0
    with contextlib.suppress(UserError):  # it is not installed; what it makes of pictures is then not known
        facts["dataset"] = shortened(trained.dataset.plain())
    return {"ganzoo": json.dumps({"generator": trained.part.component.qualified, "route": network.route, **facts})}


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
