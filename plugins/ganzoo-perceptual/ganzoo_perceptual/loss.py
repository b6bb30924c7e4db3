"""The perceptual loss (Ledig et al., 2017, arXiv:1609.04802; Johnson et al., 2016, arXiv:1603.08155).

generator:  weight * mean over features and samples of ((phi(G(source)) - phi(sample)) / scale)^2, or its absolute value

with phi a layer of VGG19 that was trained on ImageNet, or of the digit classifier that ganzoo-metrics ships.
"""

from __future__ import annotations

from typing import Literal

from ganzoo import DataSpec, NonNegativeFloat, PositiveFloat, UserError

from .digits import DigitFeatures
from .features import FeatureDistance
from .vgg import VGG19Features


class Perceptual(FeatureDistance):
    """The distance of what is made to what it should be, in features of VGG19 or of the digit classifier.

    Args:
        network: vgg19, for images of any kind; digits, the classifier that ganzoo-metrics ships, for grey digits.
        layer: which features; null: conv5_4 of VGG19 (SRGAN's and ESRGAN's), top of the digit classifier (stem, middle, top).
        activated: after the layer's ReLU, as in SRGAN; false: before it, as in ESRGAN.
        distance: mse as in SRGAN, l1 as in ESRGAN.
        scale: features are divided by it.
        weight: factor on the distance.
        weights: file of VGG19's weights as torchvision gives them out; null: where torchvision keeps them.
        sha256: what the file's sha256 must begin with, at least 8 digits; null: that of torchvision's file.
    """

    paper = "Ledig et al., 2017, arXiv:1609.04802; Johnson et al., 2016, arXiv:1603.08155"

    def __init__(
        self,
        data: DataSpec,
        *,
        network: Literal["vgg19", "digits"] = "vgg19",
        layer: str | None = None,
        activated: bool = True,
        distance: Literal["mse", "l1"] = "mse",
        scale: PositiveFloat = 12.75,
        weight: NonNegativeFloat = 1.0,
        weights: str | None = None,
        sha256: str | None = None,
    ) -> None:
        digits = network == "digits"
        if digits and (weights or sha256):
            raise UserError("the digit classifier brings its own weights", "leave weights and sha256 out, or choose vgg19", key="network")
        phi = DigitFeatures(data, layer, activated) if digits else VGG19Features(data, layer, activated, weights, sha256)
        super().__init__(phi, distance, scale, weight)
