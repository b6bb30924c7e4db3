"""The networks that metrics see with, each with the hash of its weights.

Legend of shapes: N images, C channels, H rows, W columns, D features, K classes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo import DataSpec, Fields, Subject, UserError
from ganzoo.data import default_folder, expanded
from ganzoo.metrics import Fact

from .digit_classifier import CLASSIFIER_SHA256, DigitClassifier, load_digit_classifier
from .inception import INCEPTION_URL, InceptionNetwork, load_inception
from .moments import Moments

INCEPTION_VARIABLE = "GANZOO_INCEPTION"
"""The environment variable that names the file of Inception's weights."""


@dataclass(frozen=True)
class FeatureExtractor:
    """A network in use: images to features.

    Args:
        name: "inception" or "digits".
        sha256: of its weights.
        module: in evaluation mode, on the device it is used on.
        batch: images that it sees at once; more would cost memory and win nothing.
        repeat_grey: whether grey images are repeated into three channels.
    """

    name: str
    sha256: str
    module: DigitClassifier | InceptionNetwork
    batch: int
    repeat_grey: bool = False

    @property
    def feature_size(self) -> int:
        """D."""
        return self.module.feature_size

    @property
    def key(self) -> dict[str, Fact]:
        """What its features depend on besides the images."""
        return {"network": self.name, "sha256": self.sha256, "repeat_grey": self.repeat_grey}

    @property
    def provenance(self) -> dict[str, Fact]:
        """Name and hash, as numbers carry them."""
        return {"network": f"{self.name} {self.sha256[:12]}"} | ({"repeat_grey": True} if self.repeat_grey else {})

    def features(self, batches: Iterator[Fields]) -> Iterator[tuple[Tensor, Fields]]:
        """(N, D) float32 features of each batch of at most ``batch`` samples, with the batch itself."""
        for fields in batches:
            for start in range(0, len(fields["sample"]), self.batch):
                part = {name: value[start : start + self.batch] for name, value in fields.items()}
                yield self._see(part["sample"]), part

    @torch.no_grad()
    def _see(self, images: Tensor) -> Tensor:
        images = images.contiguous(memory_format=torch.channels_last)
        if isinstance(self.module, DigitClassifier):
            return self.module.features(images)
        return self.module.features(images, repeat_grey=self.repeat_grey)

    def moments(self, batches: Iterator[Fields], device: torch.device) -> Moments:
        """Mean and covariance of the features, one batch at a time."""
        moments = Moments(self.feature_size, device)
        for features, _ in self.features(batches):
            moments.update(features)
        return moments

    def collect(self, batches: Iterator[Fields]) -> Tensor:
        """(N, D) float32 features of all, on the CPU."""
        return torch.cat([features.cpu() for features, _ in self.features(batches)])

    def real_features(self, subject: Subject, n: int | None, split: str | None) -> Tensor:
        """(N, D) features of real samples, kept on the disk."""
        kept = subject.of_real("features", lambda batches: {"features": self.collect(batches).numpy()}, n, split, **self.key)
        return torch.from_numpy(np.array(kept["features"]))

    def real_moments(self, subject: Subject, n: int | None, split: str | None) -> Moments:
        """Mean and covariance of real samples' features, kept on the disk."""

        def compute(batches: Iterator[Fields]) -> dict[str, np.ndarray]:
            return self.moments(batches, subject.device).to_arrays()

        return Moments.from_arrays(subject.of_real("moments", compute, n, split, **self.key), device=subject.device)


def open_digit_extractor(subject: Subject) -> FeatureExtractor:
    """The bundled digit classifier.

    Raises:
        UserError: where the data cannot be seen by it, or names classes that are no digits.
    """
    check_digits(subject.data)
    names = subject.dataset.class_names
    if names and names != tuple("0123456789"):
        few = ", ".join(names[:3])
        raise UserError(f"the digit classifier knows digits, this data's classes are {few} ...", "measure them with an Inception metric")
    return digit_extractor(subject.device)


def digit_extractor(device: torch.device) -> FeatureExtractor:
    """The bundled digit classifier, whatever it will be shown."""
    module = load_digit_classifier().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return FeatureExtractor("digits", CLASSIFIER_SHA256, module, batch=250)


def check_digits(data: DataSpec) -> None:
    """Refuse data that the digit classifier cannot see.

    Raises:
        UserError: for anything but grey images of 28x28, or 32x32 with a border.
    """
    if data.shape not in ((1, 28, 28), (1, 32, 32)):
        raise UserError(
            f"the digit classifier reads grey digits of 28x28 (or 32x32 with a border), this data is {shape_text(data)}",
            "use another metric for it",
        )


def open_inception(subject: Subject, weights: str | None, sha256: str, repeat_grey: bool) -> FeatureExtractor:
    """FID's Inception, from the file that the user names, the environment variable, or the place in the cache.

    Raises:
        UserError: where there is no such file, saying what to download and where to put it, or it cannot be used.
    """
    named = weights or os.environ.get(INCEPTION_VARIABLE)
    path = expanded(named) if named else default_inception()
    if not named and not path.is_file():
        raise UserError(
            f"Inception metrics need Inception's weights, and {path} does not exist",
            f"download {INCEPTION_URL} to there, or name the file: --inception-weights, parameter 'weights', or ${INCEPTION_VARIABLE}",
        )
    module = load_inception(path, sha256=sha256).to(subject.device, memory_format=torch.channels_last)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return FeatureExtractor("inception", found, module, batch=32 if subject.device.type == "cpu" else 250, repeat_grey=repeat_grey)


def check_seen_by_inception(data: DataSpec, repeat_grey: bool) -> None:
    """Refuse data that Inception cannot see.

    Raises:
        UserError: for points, grey images without ``repeat_grey``, and channels other than 1 or 3.
    """
    if not data.is_image or data.shape[0] not in (1, 3):
        raise UserError(f"Inception reads colour images, this data is {shape_text(data)}", "use another metric for it ('modes' for toys)")
    if data.shape[0] == 1 and not repeat_grey:
        raise UserError(
            "Inception reads colour images, these are grey",
            "use classifier_fid for digits, or set repeat_grey: true to repeat the channel",
        )


def default_inception() -> Path:
    """Where Inception's weights are looked for when nothing names them."""
    return default_folder() / INCEPTION_URL.rpartition("/")[2]


def shape_text(data: DataSpec) -> str:
    """A sample's shape in words: ``images of 3x64x64``."""
    return f"{'images' if data.is_image else 'points'} of {'x'.join(map(str, data.shape))}"
