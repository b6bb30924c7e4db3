"""The critic of SRGAN (Ledig et al., 2017, arXiv:1609.04802)."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from ganzoo import Critic, DataSpec, PositiveInt, Scores, UserError

STRIDES = (1, 2) * 4
"""Of the eight convolutions: every second one halves the edges."""


class SRGANCritic(Critic):
    """From "sample" (N, C, H, W) in [-1, 1] to one raw "score" (N,): eight 3 x 3 convolutions and two linear layers.

    Args:
        width: channels of the first two convolutions; each further two have twice as many.
        hidden: units of the linear layer.
        norm: after each convolution but the first. batch, as published, makes scores depend on the whole batch; none.
    """

    paper = "Ledig et al., 2017, arXiv:1609.04802"

    def __init__(
        self, data: DataSpec, *, width: PositiveInt = 64, hidden: PositiveInt = 1024, norm: Literal["batch", "none"] = "batch"
    ) -> None:
        super().__init__()
        if not data.is_image or any(edge % 16 for edge in data.shape[1:]):
            what = f"critic srgan halves images four times; this data's samples have the shape {data.shape}"
            near = " x ".join(str(max(16, round(edge / 16) * 16)) for edge in data.shape[1:])
            raise UserError(what, f"make them {near}, the nearest multiples of 16" if near else "choose images")
        self.norm, self.mixes_batch = norm, norm == "batch"
        layers: list[nn.Module] = []
        before = data.shape[0]
        for i, stride in enumerate(STRIDES):
            after = width << i // 2
            layers.append(nn.Conv2d(before, after, 3, stride, padding=1))
            layers += [nn.BatchNorm2d(after)] if i and norm == "batch" else []
            layers.append(nn.LeakyReLU(0.2))
            before = after
        inner = before * (data.shape[1] // 16) * (data.shape[2] // 16)
        self.net = nn.Sequential(*(*layers, nn.Flatten()), nn.Linear(inner, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1), nn.Flatten(0))

    def forward(self, sample: Tensor) -> Scores:
        """Judge images.

        Args:
            sample: (N, C, H, W) in [-1, 1].

        Returns:
            Raw "score" (N,).
        """
        return {"score": self.net(sample)}
