"""The training loops that tutorials of the field publish.

Sigmoid and BCELoss, fakes of the critic's turn that backpropagate into the generator where a penalty is taught, ``.item()`` at
every step, torch's default memory order and optimizer, a DataLoader that decodes each picture when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from .images import Pictures, pictures
from .workloads import BATCH, LATENT, WORKLOADS, networks


def steps(name: str, device: torch.device, batch: int = BATCH, data: Pictures | None = None) -> Iterator[int]:
    """Train for ever; yields the number of real images after each batch."""
    workload = WORKLOADS[name]
    generator, critic = (network.to(device) for network in networks(name))
    g_optimizer, c_optimizer = (torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999)) for network in (generator, critic))
    loader = DataLoader(data or pictures(workload), batch, shuffle=True, drop_last=True)
    play = {"gan": gan, "acgan": acgan, "wgan_gp": wgan_gp}[workload.game]
    count = 0
    while True:
        for real, label in loader:
            play(generator, critic, g_optimizer, c_optimizer, real.to(device), label.to(device), count)
            count += 1
            yield len(real)


def gan(
    generator: nn.Module,
    critic: nn.Module,
    g_optimizer: torch.optim.Optimizer,
    c_optimizer: torch.optim.Optimizer,
    real: Tensor,
    label: Tensor,
    count: int,
) -> None:
    """As in pytorch/examples/dcgan: one fake for both."""
    loss = nn.BCELoss()
    one, zero = torch.ones(len(real), device=real.device), torch.zeros(len(real), device=real.device)
    critic.zero_grad()
    real_loss = loss(torch.sigmoid(critic(real)), one)
    real_loss.backward()
    fake = generator(torch.randn(len(real), LATENT, device=real.device))
    fake_loss = loss(torch.sigmoid(critic(fake.detach())), zero)
    fake_loss.backward()
    c_optimizer.step()
    generator.zero_grad()
    g_loss = loss(torch.sigmoid(critic(fake)), one)
    g_loss.backward()
    g_optimizer.step()
    real_loss.item(), fake_loss.item(), g_loss.item()


def acgan(
    generator: nn.Module,
    critic: nn.Module,
    g_optimizer: torch.optim.Optimizer,
    c_optimizer: torch.optim.Optimizer,
    real: Tensor,
    label: Tensor,
    count: int,
) -> None:
    """As in eriklindernoren/PyTorch-GAN: the generator first."""
    bce, ce = nn.BCELoss(), nn.CrossEntropyLoss()
    one, zero = torch.ones(len(real), device=real.device), torch.zeros(len(real), device=real.device)
    g_optimizer.zero_grad()
    fake = generator(torch.randn(len(real), LATENT, device=real.device), label)
    score, logits = critic(fake)
    g_loss = bce(torch.sigmoid(score), one) + ce(logits, label)
    g_loss.backward()
    g_optimizer.step()
    c_optimizer.zero_grad()
    score, logits = critic(real)
    real_loss = bce(torch.sigmoid(score), one) + ce(logits, label)
    score, logits = critic(fake.detach())
    fake_loss = bce(torch.sigmoid(score), zero) + ce(logits, label)
    c_loss = real_loss + fake_loss
    c_loss.backward()
    c_optimizer.step()
    c_loss.item(), g_loss.item()


def wgan_gp(
    generator: nn.Module,
    critic: nn.Module,
    g_optimizer: torch.optim.Optimizer,
    c_optimizer: torch.optim.Optimizer,
    real: Tensor,
    label: Tensor,
    count: int,
) -> None:
    """As in eriklindernoren/PyTorch-GAN: one of five batches also updates the generator."""
    latent = torch.randn(len(real), LATENT, device=real.device)
    c_optimizer.zero_grad()
    fake = generator(latent)
    c_loss = -critic(real).mean() + critic(fake).mean() + 10 * penalty(critic, real.data, fake.data)
    c_loss.backward()
    c_optimizer.step()
    g_optimizer.zero_grad()
    if count % 5 == 0:
        g_loss = -critic(generator(latent)).mean()
        g_loss.backward()
        g_optimizer.step()
        c_loss.item(), g_loss.item()


def penalty(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """The gradient penalty (Gulrajani et al., 2017)."""
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    mixed = (share * real + (1 - share) * fake).requires_grad_(True)
    score = critic(mixed)
    gradient = torch.autograd.grad(score, mixed, torch.ones_like(score), create_graph=True, retain_graph=True)[0]
    excess: Tensor = ((gradient.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
    return excess
