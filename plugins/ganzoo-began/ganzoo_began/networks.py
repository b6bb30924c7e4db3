"""The networks of BEGAN (Berthelot et al., 2017, arXiv:1703.10717), for square images of many sizes.

The generator is a decoder; the critic an encoder and another such decoder. Each stage has two 3 x 3 convolutions with ELU. The
innermost window is 8 x 8 (7 x 7 for 28 pixels). Legend: N samples, C channels, L latent_dim.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Fields, Generator, PositiveInt, Scores, UserError

PAPER = "Berthelot et al., 2017, arXiv:1703.10717"


class BEGANGenerator(Generator):
    """A decoder from "latent" (N, L) to "sample" (N, C, H, W) in [-1, 1].

    Args:
        latent_dim: length L of the noise vector, drawn from a standard normal.
        width: channels of every stage; the paper's n.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, latent_dim: PositiveInt = 64, width: PositiveInt = 128) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.net = decoder(data, latent_dim, width)

    def forward(self, latent: Tensor) -> Fields:
        """Make images.

        Args:
            latent: noise (N, L).

        Returns:
            "sample" (N, C, H, W) in [-1, 1].
        """
        return {"sample": self.net(latent)}


class BEGANCritic(Critic):
    """An autoencoder from "sample" (N, C, H, W) to raw "score" (N,): minus the mean error of its reconstruction.

    Args:
        width: channels of the decoder and of the encoder's first stage, which has that many more at each further one.
        features: length of the code; the paper's h.
        error: absolute, as in the paper, or squared.
    """

    paper = PAPER

    def __init__(
        self,
        data: DataSpec,
        *,
        width: PositiveInt = 128,
        features: PositiveInt = 64,
        error: Literal["absolute", "squared"] = "absolute",
    ) -> None:
        super().__init__()
        self.error = error
        self.encoder, self.decoder = encoder(data, features, width), decoder(data, features, width)

    def forward(self, sample: Tensor) -> Scores:
        """Judge images by their reconstruction.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,), at most 0.
        """
        difference = (self.decoder(self.encoder(sample)) - sample).flatten(1)
        return {"score": -(difference.abs() if self.error == "absolute" else difference.square()).mean(dim=1)}


def encoder(data: DataSpec, features: int, width: int) -> nn.Sequential:
    """Two convolutions a stage, the second of stride 2 between two stages; then a linear layer to ``features`` values."""
    base, halvings = plan(data)
    layers: list[nn.Module] = [nn.Conv2d(data.shape[0], width, 3, padding=1), nn.ELU()]
    for stage in range(1, halvings + 1):
        layers += [nn.Conv2d(stage * width, stage * width, 3, padding=1), nn.ELU()]
        layers += [nn.Conv2d(stage * width, (stage + 1) * width, 3, stride=2, padding=1), nn.ELU()]
    last = (halvings + 1) * width
    layers += [layer for _ in range(2) for layer in (nn.Conv2d(last, last, 3, padding=1), nn.ELU())]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(last * base * base, features))


def decoder(data: DataSpec, features: int, width: int) -> nn.Sequential:
    """A linear layer to the window, two convolutions a stage, nearest upsampling between two; then tanh."""
    base, doublings = plan(data)
    layers: list[nn.Module] = [nn.Linear(features, width * base * base), nn.Unflatten(1, (width, base, base))]
    for stage in range(doublings + 1):
        layers += [nn.Upsample(scale_factor=2)] if stage else []
        layers += [layer for _ in range(2) for layer in (nn.Conv2d(width, width, 3, padding=1), nn.ELU())]
    return nn.Sequential(*layers, nn.Conv2d(width, data.shape[0], 3, padding=1), nn.Tanh())


def plan(data: DataSpec) -> tuple[int, int]:
    """Side of the innermost window, and how often the image's side halves down to it.

    Raises:
        UserError: where ``data`` is not a square image of a size that halves down to the window.
    """
    side = data.shape[-1]
    if not data.is_image or data.shape[1:] != (side, side) or side not in (16, 28, 32, 64, 128, 256):
        raise UserError(
            f"began_conv serves square images of 16, 28, 32, 64, 128 or 256 pixels; this data's samples have the shape {data.shape}",
            "choose another size of the data, or networks that serve this shape",
        )
    base = 7 if side == 28 else 8
    return base, (side // base).bit_length() - 1  # log2
