"""Other packages of the field on the same networks, where they are installed."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from .images import pictures
from .workloads import LATENT, WORKLOADS, networks


def torchgan_steps(name: str, device: torch.device, batch: int) -> Iterator[int]:
    """DCGAN by torchgan's losses, whose ``train_ops`` hold the whole update; yields real images after each batch."""
    from torchgan.losses import MinimaxDiscriminatorLoss, MinimaxGeneratorLoss

    generator, critic = (network.to(device) for network in networks(name))
    generator.encoding_dims, generator.label_type = LATENT, "none"  # type: ignore[assignment]  # what torchgan's models hold
    critic.label_type = "none"  # type: ignore[assignment]
    g_optimizer, c_optimizer = (torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999)) for network in (generator, critic))
    c_loss, g_loss = MinimaxDiscriminatorLoss(), MinimaxGeneratorLoss(nonsaturating=True)
    loader = DataLoader(pictures(WORKLOADS[name]), batch, shuffle=True, drop_last=True)
    while True:
        for real, _ in loader:
            update(c_loss, g_loss, generator, critic, g_optimizer, c_optimizer, real.to(device))
            yield len(real)


def update(
    c_loss: nn.Module,
    g_loss: nn.Module,
    generator: nn.Module,
    critic: nn.Module,
    g_optimizer: torch.optim.Optimizer,
    c_optimizer: torch.optim.Optimizer,
    real: Tensor,
) -> None:
    """One step as torchgan's Trainer takes it."""
    c_loss.train_ops(generator, critic, c_optimizer, real, real.device)  # type: ignore[operator]
    g_loss.train_ops(generator, critic, g_optimizer, real.device, len(real))  # type: ignore[operator]
