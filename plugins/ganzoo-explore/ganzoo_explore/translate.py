"""A user's own pictures through a generator: one file out for each file in, without the training data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ganzoo.data import BadImage
from ganzoo.data.dataset import Dataset
from ganzoo.engine.sampling import to_uint8
from ganzoo.errors import UserError, did_you_mean
from ganzoo.fields import DataSpec, Fields
from ganzoo.plugins.index import import_part
from ganzoo.registry import Registry
from ganzoo.rundir.files import GENERATOR
from ganzoo.rundir.weights import metadata
from ganzoo.runs.samples import save_arrays
from ganzoo.runs.trained import Trained, load_trained
from ganzoo.ui.pictures import one_picture, save_png
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_files


def translate_into(
    source: Path,
    pictures: list[Path],
    out: Path | None,
    route: str,
    seed: int,
    label: str | None,
    whole: bool,
    weights: Path | None,
    step: str | None,
    as_json: bool,
) -> None:
    """What ``ganzoo sample --from`` does: translate ``pictures`` into ``out`` and print what was written.

    Raises:
        UserError: where some could not be read; the others are done.
    """
    if out is None:
        raise UserError("it is not said where pictures go", "name a folder with --out", key="--from")
    if source.is_file():
        if given := [name for name, value in (("--weights", weights), ("--step", step)) if value]:
            raise UserError("an export holds the weights of one step", "sample from its run or pack", key=given[0])
        if label and not (label.isascii() and label.isdecimal()):
            raise UserError("an export knows its classes by number", "write a number", key="--label")
        number = int(label) if label else None
        translator = translator_of_file(source, route, seed)
    else:
        trained = load_trained(source, weights, Registry.installed(), choose_reporter(), step=step)
        number, translator = trained.label_of(label), translator_of(trained, route, seed)
    written, failed = translate(translator, pictures, out, label=number, whole=whole)
    print_files(written, {"n": len(written), "seed": seed, "failed": failed}, as_json)
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        raise UserError(f"{failed[0]}{more}", f"the other {len(written)} are done", key="--from")


@dataclass(frozen=True)
class Translator:
    """A forward from pictures to fields.

    Args:
        call: fields (1, ...) to what is made of them, on the CPU.
        reads: the fields that it is given, besides what is drawn or fixed.
        data: what it was trained on.
        dataset: the data set, where it is installed.
        routes: the generator's further forwards.
    """

    call: Callable[[Fields], Fields]
    reads: tuple[str, ...]
    data: DataSpec
    dataset: Dataset | None = None
    routes: tuple[str, ...] = ()

    def field(self) -> str:
        """The field that a picture is.

        Raises:
            UserError: where there is none.
        """
        fields = [name for name in self.reads if len(self.data.fields.get(name, ())) == 3 and name not in self.data.class_maps]
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
    return Translator(lambda fields: trained.forward(fields, route, seed), reads, trained.data, dataset, generator.routes)


def translator_of_file(path: Path, route: str, seed: int) -> Translator:
    """The one forward of an exported file.

    Raises:
        UserError: where it is not one that ganzoo wrote as ONNX, is of another ``route``, or onnxruntime is not installed.
    """
    if path.suffix.lower() != ".onnx":
        why = ": to read a program of torch.export is to run code of it" if path.suffix.lower() == ".pt2" else ""
        raise UserError(f"only exports to ONNX can be sampled from{why}", "ganzoo export RUN --to onnx", where=str(path))
    try:
        import onnxruntime
    except ImportError:
        raise UserError("running ONNX needs onnxruntime, which is not installed", "pip install onnxruntime", where=str(path)) from None
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        facts = json.loads(session.get_modelmeta().custom_metadata_map["ganzoo"])
        data = DataSpec.from_json(facts["data"])
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

    def call(fields: Fields) -> Fields:
        random = torch.Generator().manual_seed(seed)
        inputs = {(f"{name}_input" if name in outputs else name): value.numpy() for name, value in fields.items()}
        inputs |= {n: torch.randn(1, *shape, generator=random).numpy() for n, shape in shapes.items() if n not in inputs and n == "latent"}
        return {name: torch.from_numpy(value) for name, value in zip(outputs, session.run(outputs, inputs), strict=True)}

    reads = tuple(name.removesuffix("_input") if name.removesuffix("_input") in outputs else name for name in shapes if name != "latent")
    return Translator(call, reads, data)


def translate(
    translator: Translator, sources: Sequence[Path], out: Path, *, label: int | None = None, whole: bool = False
) -> tuple[list[Path], list[str]]:
    """Write what becomes of each picture into ``out``, under its own name: a PNG, or an npz where no picture comes out.

    Args:
        translator: the forward.
        sources: pictures, and folders of them.
        out: the folder to write.
        label: the class, where the generator is told one.
        whole: take pictures as large as they are, where the network takes any size; otherwise they are cut and resized to what it
            was trained on.

    Returns:
        The files written, and a line for each that could not be read.

    Raises:
        UserError: where the generator takes no pictures, needs more than one, or there are none.
    """
    field = translator.field()
    if "label" in translator.reads and label is None:
        raise UserError("this generator is told a class", "name it with --label", key="--from")
    written, failed = [], []
    for path, target in _targets(sources, out):
        try:
            inputs = _inputs(translator, field, path, whole)
        except (BadImage, OSError) as reason:
            failed.append(f"{path}: {reason}")
            continue
        if label is not None:
            inputs["label"] = torch.tensor([label])
        if missing := [name for name in translator.reads if name not in inputs]:
            what = f"the generator needs the field '{missing[0]}' besides pictures"
            raise UserError(what, "its data set's plugin may make it of them: install it, and sample from the run or pack", key="--from")
        try:
            written.append(_write(translator.call(inputs), target))
        except RuntimeError as error:
            if not whole:
                raise
            failed.append(f"{path}: the network does not take this size ({' '.join(str(error).split())[:80]})")
    return written, failed


def _inputs(translator: Translator, field: str, path: Path, whole: bool) -> Fields:
    """The fields of one picture, each (1, ...)."""

    def read(shape: tuple[int, ...]) -> np.ndarray:
        channels: Literal[1, 3] = 1 if shape[0] == 1 else 3
        found: np.ndarray = _pictures("images").decode(path, size=None if whole else (shape[-2], shape[-1]), channels=channels)
        return found

    given: Mapping[str, Any] = {}
    if translator.dataset and translator.data.is_image and field != "sample":
        given = translator.dataset.inputs_of(read(translator.data.shape))
    given = given or {field: read(translator.data.fields[field])}
    return {name: _as_trained(np.asarray(value)) for name, value in given.items() if name in translator.reads}


def _pictures(module: str) -> Any:
    """A module of what reads pictures."""
    return import_part(f"ganzoo_data.{module}", "what reads pictures")


def _as_trained(value: np.ndarray) -> Tensor:
    tensor = torch.from_numpy(np.array(value))[None]
    return tensor.float() / 127.5 - 1 if tensor.dtype == torch.uint8 else tensor


def _write(made: Fields, target: Path) -> Path:
    pictures = {name: value for name, value in made.items() if value.dim() == 4}
    if not pictures:
        return save_arrays(target.with_name(target.name + ".npz"), {name: value[0].numpy() for name, value in made.items()})
    path = target.with_name(target.name + ".png")
    save_png(one_picture(to_uint8(pictures.get("sample", next(iter(pictures.values()))).float())[0]), path)
    return path


def _targets(sources: Iterable[Path], out: Path) -> list[tuple[Path, Path]]:
    """Each picture, and where what becomes of it goes, without its ending.

    Raises:
        UserError: where a source is not there or holds no pictures, or would be written over.
    """
    found: list[tuple[Path, Path]] = []
    for source in sources:
        if source.is_dir():
            if source.resolve() == out.resolve():
                raise UserError("it is the folder that pictures come from", "name another", key="--out", where=str(out))
            folder = _pictures("sources").Folder(source)
            _pictures("sources").refuse_nothing(folder, source, key="--from")
            _pictures("sources").tell_of_others(folder, source, choose_reporter())
            found += [(source / name, out / name) for name in folder.names]
        elif source.is_file():
            found.append((source, out / source.name))
        else:
            raise UserError("there is no such file or folder", "look at its name", key="--from", where=str(source))
    stems = [target.with_suffix("") for _, target in found]
    return [(path, stem if stems.count(stem) == 1 else target) for (path, target), stem in zip(found, stems, strict=True)]
