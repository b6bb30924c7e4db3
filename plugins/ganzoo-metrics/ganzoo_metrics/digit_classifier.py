"""The digit classifier that is shipped, because Inception's features mean little on 28x28 digits.

It gives classifier-FID (never to be called FID), the class histogram and the accuracy of the asked-for digit.
``tools/train_digit_classifier.py`` trains it on MNIST's 60,000 training digits; its weights are pinned by their sha256.

It names 99.45% of the 10,000 test digits rightly. To place a classifier-FID: MNIST's test digits are at 0.94 from its
training digits, the same digits with noise of 10% of the range at 4.8, an untrained generator at about 640.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.numpy import load as parse_safetensors
from torch import Tensor, nn
from torch.nn import functional

from ganzoo import UserError

CLASSIFIER_WEIGHTS = Path(__file__).with_name("digit_classifier.safetensors")
"""The shipped weights, float16."""
CLASSIFIER_SHA256 = "6136ffd6a9a486a6fd649f40ef175df90233a35f3a3ae2e03cd59f77c1c2c454"
"""Pins the shipped weights; ``tools/train_digit_classifier.py`` prints it."""


class DigitClassifier(nn.Module):
    """A convolutional digit classifier: 28x28 -> 14x14x32 -> 7x7x64 -> 128 features -> 10 logits.

    No normalisation layers, so one sample's features never depend on another's and the network has one mode only.
    """

    feature_size = 128
    """D, the length of a feature vector: full covariances need only a few hundred samples."""
    classes = 10

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 32, 5, padding=2)
        self.middle = nn.Conv2d(32, 64, 3, padding=1)
        self.top = nn.Conv2d(64, 64, 3, padding=1)
        self.embed = nn.Linear(64 * 7 * 7, self.feature_size)
        self.classify = nn.Linear(self.feature_size, self.classes)

    def features(self, images: Tensor) -> Tensor:
        """What classifier-FID compares.

        Args:
            images: (N, 1, 28, 28) float in [-1, 1]; of (N, 1, 32, 32), digits with a border of 2, the middle is seen.

        Returns:
            (N, 128) float.

        Raises:
            UserError: for images of another shape.
        """
        if images.shape[1:] == (1, 32, 32):
            images = images[:, :, 2:-2, 2:-2]
        if images.shape[1:] != (1, 28, 28):
            raise UserError(
                f"the digit classifier reads grey 28x28 digits (N, 1, 28, 28), these images are {tuple(images.shape)}",
                "measure other images with an Inception metric",
            )
        hidden = functional.max_pool2d(functional.relu(self.stem(images)), 2)  # (N, 32, 14, 14)
        hidden = functional.max_pool2d(functional.relu(self.middle(hidden)), 2)  # (N, 64, 7, 7)
        hidden = functional.relu(self.top(hidden))  # (N, 64, 7, 7)
        # Leaky: with a plain ReLU a quarter of the features died in training and the covariance lost their rank.
        return functional.leaky_relu(self.embed(hidden.flatten(1)), 0.2)  # (N, 128)

    def logits_of(self, features: Tensor) -> Tensor:
        """Features (N, 128) -> logits (N, 10): features and logits of one pass share the work."""
        logits: Tensor = self.classify(functional.dropout(features, 0.5, self.training))
        return logits

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 1, 28, 28) in [-1, 1] -> logits (N, 10)."""
        return self.logits_of(self.features(images))


def load_digit_classifier(weights: Path = CLASSIFIER_WEIGHTS, *, sha256: str = CLASSIFIER_SHA256) -> DigitClassifier:
    """The trained classifier, in evaluation mode, float32, frozen.

    Args:
        weights: a safetensors file.
        sha256: what the file must hash to, in hexadecimal.

    Raises:
        UserError: where the file is missing, hashes to something else, or does not hold one.
    """
    remedy = "reinstall ganzoo-metrics"
    try:
        content = weights.read_bytes()
    except OSError as error:
        raise UserError(f"the digit classifier's weights {weights} cannot be read ({error.strerror})", remedy) from None
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise UserError(f"the digit classifier's weights {weights} are not the pinned ones: sha256 {found}, wanted {sha256}", remedy)
    classifier = DigitClassifier()
    try:
        classifier.load_state_dict({name: torch.tensor(value).float() for name, value in parse_safetensors(content).items()})
    except (SafetensorError, RuntimeError) as error:
        raise UserError(f"the digit classifier's weights {weights} do not hold this network: {error}", remedy) from None
    return classifier.eval().requires_grad_(False)
