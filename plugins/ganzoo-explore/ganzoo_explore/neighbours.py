"""Does a generator copy what it was trained on? Its samples beside the nearest training samples, and against held-out ones.

Legend of shapes: N samples, T training samples, M held-out ones, D values or features, K neighbours.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ganzoo.config import ResolvedPart
from ganzoo.data.rows import Rows
from ganzoo.engine.evaluation import Subjects
from ganzoo.errors import UserError, did_you_mean
from ganzoo.metrics.metric import FeatureExtractor
from ganzoo.metrics.real import BATCH, read_split, to_float
from ganzoo.metrics.subject import Subject
from ganzoo.params import parameters_of, split_annotation
from ganzoo.registry import Registry
from ganzoo.runs.trained import Trained
from ganzoo.ui.pictures import COMFORTABLE_SIDE, GAP, INK, TEXT_SIZE, font_of, image_grid, save_png, shown
from ganzoo.ui.progress import Reporter

from .nearest import Neighbours, find_neighbours, merge

PIXELS = "pixels"
SHOWN_NEIGHBOURS = 5


@dataclass(frozen=True)
class Memorisation:
    """What was found.

    Args:
        sample: (N, C, H, W) uint8, what was made.
        neighbours: the nearest training samples of each.
        held_out: those of M real samples that were not trained on, or of training samples among all others.
        split: where the held-out ones come from; None: from the training samples.
        training: rows (T, C, H, W) uint8.
        by: the distance.
        provenance: what the numbers depend on.
    """

    sample: np.ndarray
    neighbours: Neighbours
    held_out: Neighbours
    split: str | None
    training: Rows
    by: str
    provenance: dict[str, str | int | float]

    @property
    def memorised(self) -> bool:
        """Whether clearly more samples than held-out ones are copies: three times as many as chance would explain."""
        expected = (self.held_out.copies + 1) / (len(self.held_out.nearest) + 1)
        return self.neighbours.copies > 3 * expected * len(self.sample)

    def most_suspicious(self, n: int) -> np.ndarray:
        """(n,) the samples that are nearest to a training sample, for their surroundings; the nearest first."""
        order: np.ndarray = np.argsort(self.neighbours.relative, kind="stable")[:n]
        return order

    def save_png(self, path: Path, n: int) -> Path:
        """Write a picture: the ``n`` most suspicious samples, each before its nearest training samples with their distance."""
        tiles: list[np.ndarray] = []
        for i in self.most_suspicious(n):
            images = [self.sample[i], *self.training[self.neighbours.index[i, :SHOWN_NEIGHBOURS]]]
            texts = ["made", *(f"{distance:.3g}" for distance in self.neighbours.distance[i, :SHOWN_NEIGHBOURS])]
            tiles += map(captioned, images, texts)
        save_png(image_grid(np.stack(tiles), 1 + SHOWN_NEIGHBOURS), path)
        return path


def captioned(image: np.ndarray, text: str) -> np.ndarray:
    """An image (C, H, W) uint8, enlarged as a grid would, over a line of text, which is cut where the image ends."""
    factor = max(1, COMFORTABLE_SIDE // max(image.shape[1:]))
    large = shown(image).repeat(factor, axis=1).repeat(factor, axis=2)
    strip = Image.new("L", (large.shape[2], TEXT_SIZE + 4), GAP)
    ImageDraw.Draw(strip).text((strip.width / 2, strip.height / 2), text, fill=INK, font=font_of(TEXT_SIZE), anchor="mm")
    return np.concatenate([large, np.broadcast_to(np.asarray(strip), (len(large), strip.height, strip.width))], axis=1)


def look_for_copies(
    trained: Trained, *, samples: int, seed: int, by: str, inception_weights: Path | None, reporter: Reporter
) -> Memorisation:
    """Compare made samples, and as many held-out real ones, with everything that was trained on.

    Where training mirrors images, mirrored copies are found too.

    Args:
        trained: the generator.
        samples: how many are made, N.
        seed: of the latents.
        by: pixels: root mean square difference of the grey levels, 0 to 255; else the distance of the features of an extractor that
            an installed metric offers.
        inception_weights: the file of the extractor's weights; None: where it is looked for.
        reporter: shows progress.

    Raises:
        UserError: for points, and where the data is not here, too small, or cannot be seen by the network; where no installed metric offers
            the extractor.
    """
    data = trained.data
    if not data.is_image:
        raise UserError("neighbours are looked for among images, this run made points", "measure 'modes' of toys", key="RUN")
    dataset, real = trained.read_data(reporter)
    subjects = Subjects(trained.generator, real, dataset, trained.dataset, seed=seed, reporter=reporter)
    average = trained.facts.get("average")
    subject = subjects.make(trained.values, {"weights": "ema" if average else "raw" if average is False else "unknown"})
    eyes = _Eyes(_open(by, subject, inception_weights, trained.registry), subject.device)
    training = real.arrays["sample"]
    made = torch.cat([fields["sample"].cpu() for fields in subject.generated(samples)])

    split = held_out_split(trained.dataset)
    rest = read_split(trained.dataset, split, reporter)["sample"] if split else training
    chosen = np.sort(np.random.default_rng(0).permutation(len(rest))[:samples])

    known = eyes.see(training) if eyes.network else None  # features of all; pixels are read when they are needed

    def gather(index: np.ndarray) -> Tensor:
        return known[torch.from_numpy(index)] if known is not None else eyes.see(training[index])

    def search(images: Tensor, exclude: np.ndarray | None = None) -> Neighbours:
        found = find_neighbours(eyes.see(images), gather, len(training), exclude=exclude)
        return merge(found, find_neighbours(eyes.see(images.flip(-1)), gather, len(training), exclude=exclude)) if dataset.flip else found

    facts = {**(eyes.network.provenance if eyes.network else {}), **subject.facts, "training_samples": len(training)}
    levels = made.add(1).mul(127.5).round().to(torch.uint8).numpy()
    held_out = search(to_float(rest[chosen], torch.device("cpu")), None if split else chosen)
    return Memorisation(levels, search(made), held_out, split, training, by, facts)


def held_out_split(part: ResolvedPart) -> str | None:
    """The split of the data that was not trained on; None where there is none."""
    annotation = {parameter.name: parameter.annotation for parameter in parameters_of(part.cls)}.get("split")
    known = typing.get_args(split_annotation(annotation)[0]) if annotation is not None else ()
    return "test" if "test" in known and part.params.get("split") == "train" else None


class _Eyes:
    """Images to vectors whose Euclidean distance is meant.

    Args:
        network: what looks at them; None: the pixels themselves.
        device: where it looks at them.
    """

    def __init__(self, network: FeatureExtractor | None, device: torch.device) -> None:
        self.network, self._device = network, device

    def see(self, images: Rows | Tensor) -> Tensor:
        """(N, C, H, W), uint8 arrays or floats in [-1, 1] -> (N, D) float32."""
        if self.network is not None:
            parts = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
            return self.network.collect({"sample": to_float(_array(part), self._device)} for part in parts)
        pixels = to_float(_array(images), torch.device("cpu"))
        side: float = pixels[0].numel() ** 0.5
        return pixels.flatten(1) * (127.5 / side)  # so that a distance is a root mean square of grey levels


def _open(by: str, subject: Subject, weights: Path | None, registry: Registry) -> FeatureExtractor | None:
    if by == PIXELS:
        return None
    known: dict[str, Callable[[Subject, str | None], FeatureExtractor]] = {}
    for component in registry.of_kind("metric"):
        with suppress(UserError):  # broken: it offers nothing
            known |= getattr(component.load(), "extractors", {})
    if by not in known:
        missing = registry.missing("extractor", by)
        raise missing or UserError(f"no installed metric offers features of '{by}'", did_you_mean(by, {PIXELS, *known}), key="--by")
    return known[by](subject, str(weights) if weights else None)


def _array(images: Rows | Tensor) -> np.ndarray:
    """A writable array of a tensor's or an array's values."""
    array: np.ndarray = images.numpy() if isinstance(images, Tensor) else np.array(images)
    return array
