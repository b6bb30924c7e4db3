"""StyleGAN2's generator with skips (Karras et al., 2020, arXiv:1912.04958; sizes as in NVlabs/stylegan2, configuration F).

The mapping network makes a style w of the latent z; modulated convolutions, two at each size, start from a learned constant, and each
size adds to the image, which is doubled through a filter from size to size.
"""

from __future__ import annotations

import torch
from ganzoo_layers.activation import ScaledLeakyReLU
from ganzoo_layers.blur import Upsample
from ganzoo_layers.equal import equalised
from ganzoo_layers.norms import PixelNorm
from ganzoo_layers.pyramid import pyramid
from torch import Tensor, nn

from ganzoo import DataSpec, Fields, Fraction, Generator, PositiveInt, route

from .modulation import StyledLayer, ToImage


class StyleGAN2Generator(Generator):
    """ "latent" (N, Z) to "sample" (N, C, H, W), by a style for each layer; "psi" (N,) draws styles to their mean where samples are taken.

    Samples lie in [-1, 1] in evaluation mode, where they are cut off; training sees them as the layers make them. Truncation by psi:
    w' = mean + psi (w - mean), with the moving average of all w; psi is drawn as 1 and is what ``ganzoo sample --truncation`` says.

    Args:
        latent_dim: length Z of the noise vector, drawn from a standard normal and brought to length sqrt(Z).
        style_dim: length S of w.
        mapping_layers: layers of the mapping network.
        width: channels at the smallest sizes, the most there are.
        capacity: channels times the side, where that is less.
        mixing: probability that a batch's last layers get the styles of a second latent, from a random layer on.
    """

    paper = "Karras et al., 2020, arXiv:1912.04958"
    average: Tensor

    def __init__(
        self,
        data: DataSpec,
        *,
        latent_dim: PositiveInt = 512,
        style_dim: PositiveInt = 512,
        mapping_layers: PositiveInt = 8,
        width: PositiveInt = 512,
        capacity: PositiveInt = 32768,
        mixing: Fraction = 0.9,
    ) -> None:
        super().__init__()
        sizes, self.latent_dim, self.mixing = pyramid(data, width, capacity, "generator stylegan2"), latent_dim, mixing
        mapping: list[nn.Module] = [PixelNorm()]
        for before in [latent_dim, *[style_dim] * (mapping_layers - 1)]:
            mapping += [equalised(nn.Linear(before, style_dim), rate=0.01), ScaledLeakyReLU()]
        self.mapping = nn.Sequential(*mapping)
        self.register_buffer("average", torch.zeros(style_dim))
        (base, channels), *larger = sizes
        self.constant = nn.Parameter(torch.randn(channels, *base))
        self.layers = nn.ModuleList([StyledLayer(channels, channels, style_dim, base, up=False)])
        self.images = nn.ModuleList([ToImage(channels, data.shape[0], style_dim)])
        for size, after in larger:
            self.layers += [StyledLayer(channels, after, style_dim, size, up=True), StyledLayer(after, after, style_dim, size, up=False)]
            self.images.append(ToImage(after, data.shape[0], style_dim))
            channels = after
        self.upsample = Upsample()

    def draw(self, n: int, device: torch.device | None = None) -> Fields:
        """{"latent": (n, Z) standard normal, "psi": (n,) of 1}."""
        return {**super().draw(n, device), "psi": torch.ones(n, device=device)}

    def truncated(self, drawn: Fields, amount: float) -> Fields:
        """``drawn`` with ``amount`` as psi: 1 changes nothing, towards 0 samples become typical and alike."""
        return {**drawn, "psi": torch.full_like(drawn["psi"], amount)}

    @route(gives={"styles"})
    def map(self, latent: Tensor) -> Fields:
        """Styles (N, L, S) of latents (N, Z), one for each layer and one for the last image; in training mixed with those of others."""
        layers = len(self.layers) + 1
        styles = self.mapping(latent)[:, None].expand(-1, layers, -1)
        if self.training and self.mixing > 0:
            others = self.mapping(torch.randn_like(latent))[:, None]
            cut = torch.randint(1, layers, (), device=latent.device)
            cut = torch.where(torch.rand((), device=latent.device) < self.mixing, cut, layers)
            styles = torch.where(torch.arange(layers, device=latent.device)[:, None] < cut, styles, others)
        return {"styles": styles}

    @route(gives={"sample"})
    def synthesise(self, styles: Tensor) -> Fields:
        """Images (N, C, H, W) of styles (N, L, S)."""
        x = self.constant.expand(styles.shape[0], -1, -1, -1)  # len() would be a number to a tracer
        x = self.layers[0](x, styles[:, 0])
        image = self.images[0](x, styles[:, 1])
        for i in range(1, len(self.images)):
            x = self.layers[2 * i](self.layers[2 * i - 1](x, styles[:, 2 * i - 1]), styles[:, 2 * i])
            image = self.upsample(image) + self.images[i](x, styles[:, 2 * i + 1])
        return {"sample": image if self.training else image.clamp(-1, 1)}

    def forward(self, latent: Tensor, psi: Tensor) -> Fields:
        """Make images.

        Args:
            latent: noise (N, Z).
            psi: how far from the mean style, (N,); no matter in training.

        Returns:
            "sample" (N, C, H, W), in [-1, 1] in evaluation mode.
        """
        styles = self.map(latent)["styles"]
        if self.training:
            with torch.no_grad():
                self.average.lerp_(styles[:, 0].mean(dim=0).to(self.average.dtype), 0.005)
        else:
            styles = torch.lerp(self.average.to(styles.dtype), styles, psi[:, None, None].to(styles.dtype))
        return self.synthesise(styles)
