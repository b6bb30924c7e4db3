"""Forwards from pictures to fields: of a run or a pack, or of an exported file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ganzoo.config.resolution import resolve_component
from ganzoo.data.dataset import Dataset
from ganzoo.errors import UserError, did_you_mean
from ganzoo.fields import DataSpec, Fields
from ganzoo.registry import Registry
from ganzoo.rundir.files import GENERATOR
from ganzoo.rundir.weights import metadata
from ganzoo.runs.trained import Trained
from ganzoo.ui.progress import reporter as choose_reporter


@dataclass(frozen=True)
class Translator:
    """A forward from pictures to fields.

    Args:
        call: fields (1, ...) to what is made of them, on the CPU.
        reads: the fields that it is given, besides what is drawn or fixed.
        data: what it was trained on.
        dataset: the data set, where it is installed.
        routes: the generator's further forwards that take pictures.
        class_names: of all K classes, where they have names.
    """

    call: Callable[[Fields], Fields]
    reads: tuple[str, ...]
    data: DataSpec
    dataset: Dataset | None = None
    routes: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()

    def class_of(self, label: str | None) -> int | None:
        """The number of a class that is named, or given by its number.

        Raises:
            UserError: where there is no such class.
        """
        if label is None:
            return None
        known = {str(number): number for number in range(self.data.classes)} | {name: i for i, name in enumerate(self.class_names)}
        if label not in known:
            raise UserError(f"there is no class '{label}'", did_you_mean(label, self.class_names or known, noun="classes"), key="--label")
        return known[label]

    @property
    def takes_texts(self) -> bool:
        """Whether it makes pictures of texts: of a data set that has ``inputs_of_text``, as ``inputs_of`` is of pictures."""
        return "text" in self.reads and not pictures_among(self.reads, self.data) and hasattr(self.dataset, "inputs_of_text")

    def field(self) -> str:
        """The field that a picture, or a text, is.

        Raises:
            UserError: where there is none.
        """
        fields = pictures_among(self.reads, self.data)
        if self.takes_texts:
            return "text"
        if not fields:
            ways = f"name a route that does with --route: {', '.join(self.routes)}" if self.routes else "leave --from out"
            raise UserError("this generator takes no pictures", ways, key="--from")
        if (channels := self.data.fields[fields[0]][0]) not in (1, 3):
            raise UserError(f"this generator takes images of {channels} channels, which pictures have not", "use Python", key="--from")
        return fields[0]


def translator_of(trained: Trained, route: str, seed: int) -> Translator:
    """The forward of a run or a pack, or its ``route``; ``seed`` of what is drawn, for each picture alike.

    Raises:
        UserError: where there is no such route.
    """
    generator = trained.generator
    port = generator.port(route)
    if port is None:
        raise UserError(f"the generator has no route '{route}'", did_you_mean(route, generator.routes, noun="routes"), key="--route")
    given = trained.values.keys() | generator.draw(1).keys()
    try:
        dataset = trained.dataset.build()
    except UserError:  # it is not installed, and pictures are what the generator reads
        dataset = None
    reads = tuple(name for name in port.reads if name not in given or name in trained.data.fields)
    ports = {name: generator.port(name) for name in generator.routes}
    routes = tuple(name for name, other in ports.items() if other and pictures_among(other.reads, trained.data))
    return Translator(lambda fields: trained.forward(fields, route, seed), reads, trained.data, dataset, routes, trained.class_names)


def pictures_among(names: Iterable[str], data: DataSpec) -> list[str]:
    """Those of the fields that are pictures."""
    return [name for name in names if len(data.fields.get(name, ())) == 3 and name not in data.class_maps]


def translator_of_file(path: Path, route: str, seed: int) -> Translator:
    """The one forward of an exported file.

    Raises:
        UserError: where it is not one that ganzoo wrote as ONNX, is of another ``route``, or is of a generator that draws its latents
            in a way of its own; where onnxruntime is not installed.
    """
    if path.suffix.lower() != ".onnx":
        why = ": to read a program of torch.export is to run code of it" if path.suffix.lower() == ".pt2" else ""
        raise UserError(f"only exports to ONNX can be sampled from{why}", "ganzoo export RUN --to onnx", where=str(path))
    try:
        import onnxruntime
    except ImportError:
        raise UserError("running ONNX needs onnxruntime, which is not installed", "pip install onnxruntime", where=str(path)) from None
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what goes wrong is an exception, which is said in a line
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        facts = json.loads(session.get_modelmeta().custom_metadata_map["ganzoo"])
        data, names = DataSpec.from_json(facts["data"]), tuple(map(str, facts.get("class_names") or ()))
    except Exception as error:  # whatever else is in the file
        raise UserError(f"not an export of ganzoo ({type(error).__name__})", "ganzoo export RUN --to onnx", where=str(path)) from error
    run = metadata(path.parent / GENERATOR)
    if run.get("run") and run["run"] == facts.get("run") and run.get("step") != facts.get("step"):
        what = f"{path} holds the weights of step {facts.get('step')}, its run's are of step {run.get('step')}"
        choose_reporter().warn(f"{what}; export it again for those")
    if route and route != facts.get("route"):
        held = f"the route '{facts['route']}'" if facts.get("route") else "the generator's forward"
        raise UserError(f"this export holds {held} alone", f"ganzoo export RUN --route {route}", key="--route")
    outputs = [value.name for value in session.get_outputs()]
    shapes = {value.name: value.shape[1:] for value in session.get_inputs()}
    if "latent" in shapes and not facts.get("draws_normal"):
        old = "draws_normal" not in facts
        what = "it does not say how its generator draws latents" if old else "its generator draws latents in a way of its own"
        raise UserError(what, "export it again" if old else "sample from its run or pack", where=str(path))

    def call(fields: Fields) -> Fields:
        random = torch.Generator().manual_seed(seed)
        inputs = {(f"{name}_input" if name in outputs else name): value.numpy() for name, value in fields.items()}
        inputs |= {n: torch.randn(1, *shape, generator=random).numpy() for n, shape in shapes.items() if n not in inputs and n == "latent"}
        return {name: torch.from_numpy(value) for name, value in zip(outputs, session.run(outputs, inputs), strict=True)}

    reads = tuple(name.removesuffix("_input") if name.removesuffix("_input") in outputs else name for name in shapes if name != "latent")
    return Translator(call, reads, data, _dataset(facts.get("dataset")), class_names=names)


def _dataset(part: Mapping[str, Any] | None) -> Dataset | None:
    """The data set that a file was trained on; None where it is not installed, or an older file does not say."""
    if part is None:
        return None
    try:
        component = Registry.installed().find("dataset", part["name"])
        built: Dataset = resolve_component(component, {name: value for name, value in part.items() if name != "name"}).build()
    except UserError:
        return None
    return built
