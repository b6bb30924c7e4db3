"""The same games written out by hand with every trick that is known to help, and nothing of ganzoo's.

Decoded data, channels-last order, fused optimizers, raw scores with softplus, fakes without gradient where none is needed, a
frozen critic in the generator's turn, real samples and fakes in one forward of a critic without batch norm, bfloat16 autocast
around the networks alone, losses read every 50 steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

from .images import arrays
from .workloads import BATCH, LATENT, WORKLOADS, networks

READ_EVERY = 50


class Game:
    """Two networks in training.

    Args:
        name: of the workload.
        device: where.
        way: "fp32", "medium" or "bf16".
        batch: images a batch.
    """

    def __init__(self, name: str, device: torch.device, way: str, batch: int) -> None:
        self.device, self.batch, self.workload = device, batch, WORKLOADS[name]
        self.generator, self.critic = (network.to(device) for network in networks(name))
        self.order = torch.channels_last if any(p.dim() == 4 for p in self.critic.parameters()) else torch.contiguous_format
        for network in (self.generator, self.critic):
            network.to(memory_format=self.order)  # type: ignore[call-overload]
        adam = partial(torch.optim.Adam, lr=2e-4, betas=(0.5, 0.999), fused=True)
        self.mixes = any(isinstance(module, BatchNorm) for module in self.critic.modules())
        self.g_optimizer, self.c_optimizer = adam(self.generator.parameters()), adam(self.critic.parameters())
        self.autocast: Callable[[], AbstractContextManager[Any]] = nullcontext
        if way == "bf16":
            self.autocast = partial(torch.autocast, device.type, dtype=torch.bfloat16, cache_enabled=False)
        images, labels = arrays(self.workload)
        self.images = torch.from_numpy(images if images.ndim == 4 else images[..., None]).permute(0, 3, 1, 2).contiguous().to(device)
        self.labels = torch.from_numpy(labels).to(device)

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Images in [-1, 1] and labels, for ever."""
        while True:
            order = torch.from_numpy(np.random.default_rng().permutation(len(self.images))).to(self.device)
            for chosen in torch.split(order, self.batch)[: len(order) // self.batch]:
                images = self.images[chosen].float().div_(127.5).sub_(1)
                yield images.contiguous(memory_format=self.order), self.labels[chosen]

    def latent(self) -> Tensor:
        """Noise (N, L)."""
        return torch.randn(self.batch, LATENT, device=self.device)

    def make(self, *inputs: Tensor) -> Tensor:
        """Fakes, float32."""
        with self.autocast():
            made: Tensor = self.generator(*inputs)
        return made.float()

    def judge(self, images: Tensor) -> Any:
        """What the critic says, float32."""
        with self.autocast():
            said = self.critic(images)
        return tuple(part.float() for part in said) if isinstance(said, tuple) else said.float()

    def judge_both(self, real: Tensor, fake: Tensor) -> tuple[Any, Any]:
        """What the critic says of each, from one forward where no norm mixes the two."""
        if self.mixes:
            return self.judge(real), self.judge(fake)
        said = self.judge(torch.cat((real, fake)))
        return said[: len(real)], said[len(real) :]

    def minimise(self, network: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        """One update."""
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def update_critic(self, loss: Tensor) -> None:
        """One update of the critic."""
        self.minimise(self.critic, self.c_optimizer, loss)

    def update_generator(self, loss_of: Callable[[], Tensor]) -> Tensor:
        """One update of the generator, while the critic's parameters rest."""
        self.critic.requires_grad_(False)
        loss = loss_of()
        self.minimise(self.generator, self.g_optimizer, loss)
        self.critic.requires_grad_(True)
        return loss.detach()


def steps(name: str, device: torch.device, way: str, batch: int = BATCH) -> Iterator[int]:
    """Train for ever; yields the number of real images after each batch."""
    game = Game(name, device, way, batch)
    play = {"gan": gan, "acgan": acgan, "wgan_gp": wgan_gp}[game.workload.game]
    total = torch.zeros((), device=device)
    for count, (real, label) in enumerate(game.batches()):
        total += play(game, real, label, count)
        if count % READ_EVERY == 0:
            total.item()
        yield batch


def gan(game: Game, real: Tensor, label: Tensor, count: int) -> Tensor:
    """One fake for both."""
    fake = game.make(game.latent())
    real_score, fake_score = game.judge_both(real, fake.detach())
    loss = softplus(-real_score).mean() + softplus(fake_score).mean()
    game.update_critic(loss)
    return loss.detach() + game.update_generator(lambda: softplus(-game.judge(fake)).mean())


def acgan(game: Game, real: Tensor, label: Tensor, count: int) -> Tensor:
    """One fake for both; everybody classifies."""
    fake = game.make(game.latent(), label)
    (real_score, real_logits), (fake_score, fake_logits) = game.judge_both(real, fake.detach())
    loss = (
        softplus(-real_score).mean() + softplus(fake_score).mean() + cross_entropy(real_logits, label) + cross_entropy(fake_logits, label)
    )
    game.update_critic(loss)

    def of_generator() -> Tensor:
        score, logits = game.judge(fake)
        total: Tensor = softplus(-score).mean() + cross_entropy(logits, label)
        return total

    return loss.detach() + game.update_generator(of_generator)


def wgan_gp(game: Game, real: Tensor, label: Tensor, count: int) -> Tensor:
    """Five critic updates, then one of the generator."""
    with torch.no_grad():
        fake = game.make(game.latent())
    share = torch.rand(len(real), 1, 1, 1, device=game.device)
    mixed = (share * real + (1 - share) * fake).requires_grad_()
    (gradient,) = torch.autograd.grad(game.judge(mixed).sum(), mixed, create_graph=True)
    penalty = (torch.linalg.vector_norm(gradient.flatten(1), dim=1) - 1).square().mean()
    real_score, fake_score = game.judge_both(real, fake)
    loss: Tensor = fake_score.mean() - real_score.mean() + 10 * penalty
    game.update_critic(loss)
    if count % 5 == 4:
        return loss.detach() + game.update_generator(lambda: -game.judge(game.make(game.latent())).mean())
    return loss.detach()
