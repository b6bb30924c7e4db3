"""Other packages of the field on the same networks, where they are installed. None of them is a dependency.

torch-mimicry 0.1.16, its last version, is not among them: it imports ``torch._six``, which torch 2.0 left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from .images import pictures
from .workloads import LATENT, WORKLOADS, networks

COMPARED = ("dcgan64",)
"""The workloads that they are measured on: what all of them train in the same way."""


def torchgan_steps(name: str, device: torch.device, batch: int) -> Iterator[int]:
    """DCGAN by torchgan's losses, whose ``train_ops`` hold the whole update; yields real images after each batch."""
    from torchgan.losses import MinimaxDiscriminatorLoss, MinimaxGeneratorLoss

    generator, critic = (network.to(device) for network in networks(name))
    generator.encoding_dims, generator.label_type = LATENT, "none"  # type: ignore[assignment]  # what torchgan's models hold
    critic.label_type = "none"  # type: ignore[assignment]
    c_optimizer, g_optimizer = optimizers(critic, generator)
    c_loss, g_loss = MinimaxDiscriminatorLoss(), MinimaxGeneratorLoss(nonsaturating=True)
    for real, _ in batches(name, batch):
        # As torchgan's Trainer calls them.
        c_loss.train_ops(generator, critic, c_optimizer, real.to(device), device)
        g_loss.train_ops(generator, critic, g_optimizer, device, len(real))
        yield len(real)


PACKAGES: Mapping[str, tuple[str, Callable[[str, torch.device, int], Iterator[int]]]] = {
    "torchgan": ("torchgan", torchgan_steps),
}
"""Side -> the module that has to be installed for it, and its loop."""


def optimizers(*networks: nn.Module) -> list[torch.optim.Optimizer]:
    """DCGAN's, one for each network."""
    return [torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999)) for network in networks]


def batches(name: str, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Images and labels of a DataLoader that decodes each picture when it is needed, for ever."""
    loader = DataLoader(pictures(WORKLOADS[name]), batch, shuffle=True, drop_last=True)
    while True:
        yield from loader
