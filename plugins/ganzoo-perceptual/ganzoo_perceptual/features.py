"""The distance of what is made to what it should be, in the features of any frozen network.

generator:  weight * mean over features and samples of ((phi(G(source)) - phi(sample)) / scale)^2, or its absolute value
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn
from torch.nn.functional import l1_loss, mse_loss

from ganzoo import Loss, Terms, Turn

DISTANCES = {"mse": mse_loss, "l1": l1_loss}


class FeatureDistance(Loss):
    """The distance in the features of any network; it is frozen, in evaluation mode, and saved nowhere.

    Args:
        features: images (N, C, H, W) in [-1, 1] to features (N, ...).
        distance: mse or l1.
        scale: features are divided by it.
        weight: factor on the distance.
    """

    def __init__(self, features: nn.Module, distance: Literal["mse", "l1"], scale: float, weight: float) -> None:
        super().__init__()
        self.features, self.distance, self.scale, self.weight = features.eval().requires_grad_(False), DISTANCES[distance], scale, weight

    def generator_terms(self, turn: Turn) -> Terms:
        """The distance; no gradient goes through the features of what is real."""
        with torch.no_grad():
            wanted = self.features(turn.real["sample"]) / self.scale
        return {"perceptual": self.weight * self.distance(self.features(turn.fake["sample"]) / self.scale, wanted)}
