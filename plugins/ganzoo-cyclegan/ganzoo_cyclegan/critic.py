"""CycleGAN's critics: one of patches for each domain (Zhu et al., 2017, arXiv:1703.10593)."""

from __future__ import annotations

from ganzoo_translation.patches import Layers, Norm, patch_network
from torch import Tensor

from ganzoo import Critic, DataSpec, PositiveInt, Scores, route

from .generator import two_domains


class CycleGANCritic(Critic):
    """``forward`` judges "sample", the route ``back`` "source": raw scores (N, h, w) of patches.

    Args:
        width: channels of the first layer; each further one has twice as many, up to eight times.
        layers: convolutions of stride 2; 3: each score sees 70 x 70 pixels.
        norm: after each convolution but the first and the last. instance: each channel of each image by itself; batch; none.
    """

    paper = "Zhu et al., 2017, arXiv:1703.10593"

    def __init__(self, data: DataSpec, *, width: PositiveInt = 64, layers: Layers = 3, norm: Norm = "instance") -> None:
        super().__init__()
        source = tuple(two_domains("critic cyclegan", data))
        self.norm, self.mixes_batch = norm, norm == "batch"
        self.of_sample = patch_network("cyclegan", data.shape, width=width, layers=layers, norm=norm)
        self.of_source = patch_network("cyclegan", source, width=width, layers=layers, norm=norm)

    def forward(self, sample: Tensor) -> Scores:
        """Judge "sample" (N, C, H, W) in [-1, 1]: raw "score" (N, h, w)."""
        return {"score": self.of_sample(sample)}

    @route(gives={"score"})
    def back(self, source: Tensor) -> Scores:
        """Judge "source" likewise."""
        return {"score": self.of_source(source)}
