"""The textbook's networks of AC-GAN as components: the same modules, with named fields."""

from __future__ import annotations

from torch import Tensor

from ganzoo import Critic, DataSpec, Fields, Generator, Scores

from .workloads import LATENT, LabelledCritic, LabelledGenerator


class UpsamplingGenerator(Generator):
    """Upsampling and 3 x 3 convolutions from "latent" (N, 100) and "label" (N,) to "sample" (N, 1, 32, 32)."""

    paper = "Odena et al., 2017, arXiv:1610.09585; layers of eriklindernoren/PyTorch-GAN"

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.latent_dim = LATENT
        self.net = LabelledGenerator()

    def forward(self, latent: Tensor, label: Tensor) -> Fields:
        """Make an image of each label."""
        return {"sample": self.net(latent, label)}


class UpsamplingCritic(Critic):
    """Strided 3 x 3 convolutions from "sample" (N, 1, 32, 32) to "score" (N,) and "label_logits" (N, 10)."""

    paper = UpsamplingGenerator.paper
    gives = frozenset({"score", "label_logits"})
    norm, mixes_batch = "batch", True

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.net = LabelledCritic()

    def forward(self, sample: Tensor) -> Scores:
        """Judge images and classify them."""
        score, logits = self.net(sample)
        return {"score": score, "label_logits": logits}
