"""Pictures that need no training: distances between two distributions, and what each loss tells a fake to do."""

from __future__ import annotations

import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganzoo import Critic, DataSpec, Fields, Generator, Loss, Scores, Turn
from ganzoo.registry import Registry

from .charts import BLUE, GREEN, GREY, ORANGE, Line, chart

SPREAD = 0.2
"""Standard deviation of both distributions in ``divergences``."""
LOSSES = {"minimax": GREY, "non_saturating": BLUE, "least_squares": ORANGE, "wasserstein": GREEN}


def divergences() -> Image.Image:
    """Distances of N(0, SPREAD^2) from N(theta, SPREAD^2): only the earth mover's grows with theta for ever."""
    shifts = np.linspace(0, 2, 81)
    jsd, pearson = zip(*(_divergences_at(shift) for shift in shifts), strict=True)
    kl = [(shift, shift**2 / (2 * SPREAD**2)) for shift in shifts]
    return chart(
        "How far apart two normals of deviation 0.2 are",
        "distance d of the means",
        [
            Line("Kullback-Leibler", [(float(x), float(y)) for x, y in kl if y <= 2], GREY),
            Line("Pearson / 2", list(zip(shifts.tolist(), (np.array(pearson) / 2).tolist(), strict=True)), ORANGE),
            Line("Jensen-Shannon", list(zip(shifts.tolist(), jsd, strict=True)), BLUE),
            Line("Wasserstein", [(0.0, 0.0), (2.0, 2.0)], GREEN),
        ],
    )


def _divergences_at(shift: float) -> tuple[float, float]:
    """JSD(p, q) in nats, and chi^2(p + q || 2 q), by the midpoint rule."""
    x, dx = np.linspace(-2, 4, 12001, retstep=True)
    p, q = (np.exp(-((x - mean) ** 2) / (2 * SPREAD**2)) / (SPREAD * math.sqrt(2 * math.pi)) + 1e-300 for mean in (0.0, shift))
    jsd = (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q))).sum() * dx / 2
    pearson = ((q - p) ** 2 / (p + q)).sum() * dx
    return float(jsd), float(pearson)


class Same(Generator):
    """Samples are what is drawn."""

    def forward(self, latent: Tensor) -> Fields:
        """(N, 1) -> (N, 1)."""
        return {"sample": latent}


class Identity(Critic):
    """A score is the sample itself."""

    def forward(self, sample: Tensor) -> Scores:
        """(N, 1) -> (N,)."""
        return {"score": sample[:, 0]}


def generator_gradients() -> Image.Image:
    """How strongly each installed adversarial loss pulls a fake's score up, by that score."""
    registry = Registry.installed()
    lines = []
    for name, colour in LOSSES.items():
        loss = registry.find("loss", name).load()(DataSpec({"sample": (1,)}))
        scores = torch.linspace(-5, 5, 101)
        lines.append(Line(name, list(zip(scores.tolist(), pull(loss, scores), strict=True)), colour))
    return chart("Pull on the score of a fake (minus the gradient)", "score of the fake", lines)


def pull(loss: Loss, scores: Tensor) -> list[float]:
    """Minus the gradient of the generator's loss with respect to each of ``scores`` (N,), were each the only fake."""
    found = []
    for score in scores:
        fake = score.reshape(1, 1).clone().requires_grad_()
        turn = Turn("generator", Same(), Identity(), {"sample": torch.zeros(1, 1)}, {"latent": fake})
        (gradient,) = torch.autograd.grad(loss.generator_terms(turn)["adversarial"], fake)
        found.append(-float(gradient))
    return found
