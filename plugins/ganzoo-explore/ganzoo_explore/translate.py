"""A user's own pictures through a generator: one file out for each file in, without the training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ganzoo.data import BadImage
from ganzoo.engine.sampling import to_uint8
from ganzoo.errors import UserError
from ganzoo.fields import Fields
from ganzoo.plugins.index import import_part
from ganzoo.registry import Registry
from ganzoo.runs.samples import save_arrays
from ganzoo.runs.trained import load_trained
from ganzoo.ui.pictures import one_picture, save_png
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_files

from .targets import ARRAYS, PICTURE, find_targets
from .translators import Translator, translator_of, translator_of_file


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
    unused: Mapping[str, Any],
) -> None:
    """What ``ganzoo sample --from`` does: translate ``pictures`` into ``out`` and print what was written.

    Raises:
        UserError: where some could not be read; the others are done. For options of ``unused`` that have a value.
    """
    if given := [name for name, value in unused.items() if value is not None and value != []]:
        raise UserError("it says nothing of pictures that are translated (--from)", "leave it out", key=given[0])
    if out is None:
        raise UserError("it is not said where pictures go", "name a folder with --out", key="--from")
    if source.is_file():
        if given := [name for name, value in (("--weights", weights), ("--step", step)) if value]:
            raise UserError("an export holds the weights of one step", "sample from its run or pack", key=given[0])
        translator = translator_of_file(source, route, seed)
    else:
        trained = load_trained(source, weights, Registry.installed(), choose_reporter(), step=step)
        translator = translator_of(trained, route, seed)
    written, failed = translate(translator, pictures, out, label=translator.class_of(label), whole=whole)
    print_files(written, {"n": len(written), "seed": seed, "failed": failed}, as_json)
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        done = {0: "nothing was written", 1: "the other one is done"}.get(len(written), f"the other {len(written)} are done")
        raise UserError(f"{failed[0]}{more}", done, key="--from")


def translate(
    translator: Translator, sources: Sequence[Path], out: Path, *, label: int | None = None, whole: bool = False
) -> tuple[list[Path], list[str]]:
    """Write what becomes of each picture into ``out``, under its own name: a PNG, or an npz where no picture comes out.

    Args:
        translator: the forward.
        sources: pictures, and folders of them; texts (.txt), where the generator makes pictures of those.
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
    if "label" not in translator.reads and label is not None:
        raise UserError("this generator is told no class", "leave it out", key="--label")
    written, failed = [], []
    unreadable = (BadImage, OSError, UnicodeDecodeError, UserError) if translator.takes_texts else (BadImage, OSError)
    for path, target in find_targets(sources, out, texts=translator.takes_texts):
        try:
            inputs = _inputs(translator, field, path, whole)
        except unreadable as reason:
            failed.append(f"{path}: {reason}")
            continue
        if label is not None:
            inputs["label"] = torch.tensor([label])
        if missing := [name for name in translator.reads if name not in inputs]:
            what = f"the generator needs the field '{missing[0]}' besides pictures"
            raise UserError(
                what, "its data set's plugin may make it of them: install it; or, of an older export, export again", key="--from"
            )
        try:
            made = translator.call(inputs)
        except Exception as error:  # torch, onnxruntime and networks have their own
            if not whole:
                raise
            what = f"the network does not take this size ({' '.join(str(error).split())[:80]})"
            failed.append(f"{path}: {error if isinstance(error, UserError) else what}")
            continue
        written.append(_write(made, target))
    return written, failed


def _inputs(translator: Translator, field: str, path: Path, whole: bool) -> Fields:
    """The fields of one picture or text, each (1, ...)."""
    if translator.takes_texts:
        told: Mapping[str, np.ndarray] = translator.dataset.inputs_of_text(path.read_text(encoding="utf-8-sig"))  # type: ignore[union-attr]
        return {name: _as_trained(value) for name, value in told.items()}

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
        return save_arrays(target.with_name(target.name + ARRAYS), {name: value[0].numpy() for name, value in made.items()})
    path = target.with_name(target.name + PICTURE)
    save_png(one_picture(to_uint8(pictures.get("sample", next(iter(pictures.values()))).float())[0]), path)
    return path
