"""Adaptive discriminator augmentation: as many changes as the critic's overfitting asks for.

Every ``interval`` critic updates p moves by sign(E sign(D(x)) - target) * images shown / ramp, within [0, 1]. Karras et al., 2020,
arXiv:2006.06676, section 3 and appendix B; numbers as in NVlabs/stylegan2-ada-pytorch. The pipeline is the paper's "bgc": pixel
blitting, geometric and colour changes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganzoo import DataSpec, Fields, Fraction, Loss, PositiveFloat, PositiveInt, Turn

from .changes import warp
from .images import check_images


class ADA(Loss):
    """Each kind of change happens to an image with the probability p, which follows the critic; added to any adversarial loss.

    Args:
        target: the mean sign of the scores of real images that p keeps up; above it the critic knows them by heart.
        interval: critic updates from one move of p to the next.
        ramp: images that take p from 0 to 1.
        start: the first p.
        flip: whether images may be mirrored and turned by quarters; not for digits and letters.
    """

    paper = "Karras et al., 2020, arXiv:2006.06676"
    scores = frozenset({"score"})
    p: Tensor
    signs: Tensor
    updates: Tensor

    def __init__(
        self,
        data: DataSpec,
        *,
        target: Fraction = 0.6,
        interval: PositiveInt = 4,
        ramp: PositiveFloat = 500_000.0,
        start: Fraction = 0.0,
        flip: bool = True,
    ) -> None:
        super().__init__()
        check_images(data, "ada")
        self.target, self.interval, self.ramp, self.flip = target, interval, ramp, flip
        self.turns = flip and data.shape[1] == data.shape[2]
        self.register_buffer("p", torch.tensor(float(start)))
        self.register_buffer("signs", torch.zeros(()))
        self.register_buffer("updates", torch.zeros(()))

    def view(self, fields: Fields, place: str, turn: Turn) -> Fields:
        """Change "sample" wherever the critic looks."""
        return fields | {"sample": self.changed(fields["sample"])} if place == "judged" else fields

    def estimates(self, turn: Turn) -> dict[str, Tensor]:
        """The probability, for the log."""
        return {"ada_p": self.p.clone()}

    def after(self, turn: Turn) -> None:
        """Count the signs of real scores, and move p when ``interval`` updates are together."""
        if turn.side != "critic":
            return
        scores = turn.real_scores["score"]
        self.signs.add_(scores.sign().mean().float())
        self.updates.add_(1)
        due = self.updates >= self.interval
        step = (self.signs / self.interval - self.target).sign() * (len(scores) * self.interval / self.ramp)
        self.p.copy_(torch.where(due, self.p + step, self.p).clamp(0, 1))
        self.signs.copy_(torch.where(due, 0.0, self.signs))
        self.updates.copy_(torch.where(due, 0.0, self.updates))

    def changed(self, images: Tensor) -> Tensor:
        """``images`` (N, C, H, W), each through changes that happen with the probability p."""
        return self._coloured(warp(images, self._maps(images)))

    def _maps(self, images: Tensor) -> Tensor:
        """(N, 2, 3): mirrored, turned by quarters, moved by whole pixels; scaled, turned, stretched, turned, moved."""
        p, n, device = self.p, len(images), images.device
        height, width = images.shape[2:]
        # A turn happens before and after the stretching: together with the probability p.
        apart = 1 - (1 - p).clamp(min=0).sqrt()
        zero, one = torch.zeros(n, device=device), torch.ones(n, device=device)
        chosen = self._chosen

        def matrix(a: Tensor, b: Tensor, c: Tensor, d: Tensor, x: Tensor = zero, y: Tensor = zero) -> Tensor:
            rows = [torch.stack(row, dim=1) for row in ((a, b, x), (c, d, y), (zero, zero, one))]
            return torch.stack(rows, dim=1)

        def rotation(angle: Tensor) -> Tensor:
            aspect = height / width
            return matrix(angle.cos(), -angle.sin() * aspect, angle.sin() / aspect, angle.cos())

        def within(size: float) -> Tensor:
            return (torch.rand(n, device=device) * 2 - 1) * size

        maps = matrix(one, zero, zero, one)
        if self.flip:
            maps = maps @ matrix(1 - 2 * chosen(torch.randint(2, (n,), device=device).float(), p), zero, zero, one)
        if self.turns:
            maps = maps @ rotation(chosen(torch.randint(4, (n,), device=device) * (math.pi / 2), p))
        moved = [(chosen(within(1 / 8), p) * side).round() * 2 / side for side in (width, height)]
        maps = maps @ matrix(one, zero, zero, one, *moved)
        scale = torch.exp2(chosen(torch.randn(n, device=device) * 0.2, p))
        maps = maps @ matrix(scale, zero, zero, scale)
        maps = maps @ rotation(chosen(within(math.pi), apart))
        stretch = torch.exp2(chosen(torch.randn(n, device=device) * 0.2, p))
        maps = maps @ matrix(stretch, zero, zero, 1 / stretch)
        maps = maps @ rotation(chosen(within(math.pi), apart))
        shifts = [chosen(torch.randn(n, device=device) * 0.125, p) * 2 for _ in range(2)]
        return (maps @ matrix(one, zero, zero, one, *shifts))[:, :2]

    def _coloured(self, images: Tensor) -> Tensor:
        """Brightness, contrast, and of three channels a mirrored luma, a turned hue and another saturation."""
        p, n, device = self.p, len(images), images.device

        def drawn(std: float) -> Tensor:
            return self._chosen(torch.randn(n, device=device) * std, p)[:, None, None, None].to(images.dtype)

        images = (images + drawn(0.2)) * torch.exp2(drawn(0.5))
        if images.shape[1] != 3:
            return images
        axis = torch.full((3,), 3**-0.5, device=device, dtype=images.dtype)
        grey, eye = torch.outer(axis, axis), torch.eye(3, device=device, dtype=images.dtype)
        flips = self._chosen(torch.randint(2, (n,), device=device).float(), p)[:, None, None]
        angles = self._chosen((torch.rand(n, device=device) * 2 - 1) * math.pi, p)[:, None, None]
        cross = torch.linalg.cross(axis.expand(3, 3), eye, dim=1).T
        hue = grey + angles.cos() * (eye - grey) + angles.sin() * cross  # Rodrigues: a rotation about the grey axis
        saturation = torch.exp2(drawn(1.0))[..., 0]
        mixing: Tensor = (grey + saturation * (eye - grey)) @ hue.to(images.dtype) @ (eye - 2 * flips.to(images.dtype) * grey)
        return (mixing @ images.flatten(2)).view_as(images)

    @staticmethod
    def _chosen(values: Tensor, p: Tensor) -> Tensor:
        """``values`` (N,), each with the probability ``p`` and 0 otherwise."""
        return torch.where(torch.rand_like(values) < p, values, torch.zeros_like(values))
