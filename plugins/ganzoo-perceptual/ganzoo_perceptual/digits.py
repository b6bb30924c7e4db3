"""Features of the digit classifier that ganzoo-metrics ships."""

from __future__ import annotations

from ganzoo_metrics.digit_classifier import load_digit_classifier
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, relu

from ganzoo import DataSpec, UserError, did_you_mean

LAYERS = ("stem", "middle", "top")


class DigitFeatures(nn.Module):
    """Grey digits (N, 1, 28, 28), or (N, 1, 32, 32) with a border of 2, to one layer's features: 32 x 28 x 28, 64 x 14 x 14, 64 x 7 x 7.

    Args:
        data: what is to be compared.
        layer: stem, middle or top; None: top.
        activated: after its ReLU, or before.

    Raises:
        UserError: for other images, and for another layer.
    """

    def __init__(self, data: DataSpec, layer: str | None, activated: bool) -> None:
        super().__init__()
        layer = layer or LAYERS[-1]
        if data.shape not in ((1, 28, 28), (1, 32, 32)):
            what = f"the digit classifier sees grey digits of 28 or 32 pixels; this data's samples have the shape {data.shape}"
            raise UserError(what, "take network: vgg19", key="network")
        if layer not in LAYERS:
            raise UserError(f"the digit classifier has no layer '{layer}'", did_you_mean(layer, LAYERS, noun="layers"), key="layer")
        whole = load_digit_classifier()
        self.layers = nn.ModuleList(getattr(whole, name) for name in LAYERS[: LAYERS.index(layer) + 1])
        self.activated, self.border = activated, (data.shape[-1] - 28) // 2

    def forward(self, images: Tensor) -> Tensor:
        """Features of images in [-1, 1]."""
        end = images.shape[-1] - self.border
        hidden = images[:, :, self.border : end, self.border : end]
        for i, layer in enumerate(self.layers):
            hidden = layer(max_pool2d(relu(hidden), 2) if i else hidden)
        return relu(hidden) if self.activated else hidden
