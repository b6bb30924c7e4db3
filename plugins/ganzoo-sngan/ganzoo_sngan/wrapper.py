"""Spectral normalisation of another critic, layer by layer."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized

from ganzoo import AnyCritic, ContractError, Critic, DataSpec, PositiveInt, Scores

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Embedding)
"""The layers that are normalised: torch's own that map linearly."""


class Spectral(Critic):
    """Another critic, each of its layers of spectral norm 1: "sample" (N, *shape) to raw "score" (N, *).

    A layer's weight is W / s(W), with the largest singular value s(W) of W as a matrix of (outputs, all else), estimated by
    ``iterations`` of the power method in each forward of the training, on vectors that checkpoints keep. Layers that are
    normalised already stay as they are, and so do norms between layers: with these, the score has no bound to its slope.

    Args:
        critic: which reads "sample" and gives "score" alone, of linear and convolutional layers of torch's.
        iterations: of the power method in a forward.
    """

    paper = "Miyato et al., 2018, arXiv:1802.05957"

    def __init__(self, data: DataSpec, *, critic: AnyCritic, iterations: PositiveInt = 1) -> None:
        super().__init__()
        self.bounded = critic(data)
        self.norm, self.mixes_batch = self.bounded.norm, self.bounded.mixes_batch
        who, port = type(self.bounded).__name__, self.bounded.port()
        if port is None or port.reads != ("sample",) or port.gives != {"score"}:
            raise ContractError(f"{who} reads or gives more than the score of a sample", "choose a critic of samples alone", key="critic")
        layers = [module for module in self.bounded.modules() if isinstance(module, LAYERS)]
        if not layers:
            raise ContractError(f"{who} has no linear or convolutional layer of torch's", "choose another critic", key="critic")
        for layer in layers:
            if not is_parametrized(layer, "weight"):
                spectral_norm(layer, n_power_iterations=iterations)

    def forward(self, sample: Tensor) -> Scores:
        """Judge samples.

        Args:
            sample: (N, *shape); images in [-1, 1].

        Returns:
            Raw "score" (N, *), as the critic inside gives it.
        """
        return {"score": self.bounded(sample=sample)["score"]}
