"""VGG19 up to one of its convolutions (Simonyan and Zisserman, 2015, arXiv:1409.1556), with torchvision's weights.

Nothing is downloaded, and no code in the file can run.
"""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import torch
from torch import Tensor, nn

from ganzoo import DataSpec, UserError, did_you_mean
from ganzoo.data import expanded

CONVOLUTIONS = (2, 2, 4, 4, 4)
"""In each stage; between stages a maximum over 2 x 2 pixels."""
CHANNELS = (64, 128, 256, 512, 512)
FILE = "vgg19-dcbb9e9d.pth"
"""What torchvision calls the file (IMAGENET1K_V1); in its name the first eight digits of the sha256."""
SHA256 = "dcbb9e9d"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's channels in [0, 1], as torchvision normalises them."""
LAYERS = {f"conv{stage}_{i}": (stage, i) for stage, n in enumerate(CONVOLUTIONS, 1) for i in range(1, n + 1)}


class VGG19Features(nn.Module):
    """Images (N, C, H, W) in [-1, 1] of 1 or 3 channels to features of the layer ``convS_I``: the I-th of stage S.

    Args:
        data: what is to be compared.
        layer: conv1_1 to conv5_4; None: that.
        activated: after its ReLU, or before.
        weights: the file; None: where torchvision keeps it.
        sha256: what its sha256 must begin with; None: torchvision's.

    Raises:
        UserError: where there is no such layer or file, the images are too small, or the file is another one.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, data: DataSpec, layer: str | None, activated: bool, weights: str | None, sha256: str | None) -> None:
        super().__init__()
        layer = layer or "conv5_4"
        if layer not in LAYERS:
            raise UserError(f"VGG19 has no layer '{layer}'", did_you_mean(layer, LAYERS, noun="layers"), key="layer")
        stage, last = LAYERS[layer]
        least = 2 ** (stage - 1)
        if not data.is_image or data.shape[0] not in (1, 3) or min(data.shape[1:]) < least:
            what = f"{layer} of VGG19 sees images of 1 or 3 channels and at least {least} pixels; this data's samples are {data.shape}"
            raise UserError(what, "choose larger images, or an earlier layer", key="layer")
        self.net = layers(stage, last, activated)
        state = read(expanded(weights) if weights else usual_file(), sha256 or SHA256)
        try:
            self.net.load_state_dict({name: state[f"features.{name}"].float() for name in self.net.state_dict()})
        except (KeyError, RuntimeError, AttributeError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"the file of VGG19's weights holds another network ({reason})", f"use {FILE}", key="weights") from None
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Features of images in [-1, 1]; a grey channel is repeated."""
        hidden: Tensor = self.net(((images + 1) / 2 - self.mean) / self.std)
        return hidden


def layers(stage: int, last: int, activated: bool) -> nn.Sequential:
    """VGG19 up to a convolution, with the numbers of torchvision's ``features``."""
    found: list[nn.Module] = []
    before = 3
    for number, (count, channels) in enumerate(zip(CONVOLUTIONS[:stage], CHANNELS[:stage], strict=True), 1):
        for _ in range(count if number < stage else last):
            found += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
            before = channels
        found += [nn.MaxPool2d(2)] if number < stage else []
    return nn.Sequential(*(found if activated else found[:-1]))


def usual_file() -> Path:
    """Where torchvision keeps the file: torch.hub's folder of checkpoints."""
    return Path(torch.hub.get_dir()) / "checkpoints" / FILE


def read(path: Path, sha256: str) -> dict[str, Tensor]:
    """The tensors of the file.

    Raises:
        UserError: where it is missing, hashes to something else, or holds more than tensors.
    """
    remedy = f"name torchvision's {FILE} (VGG19, IMAGENET1K_V1) as weights, or use another network"
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"VGG19's weights are not here: {os.fspath(path)} ({error.strerror})"
        raise UserError(what, remedy, key="weights") from None
    found = hashlib.sha256(content).hexdigest()
    if len(sha256) < 8 or not found.startswith(sha256.lower()):
        raise UserError(f"{path} holds other weights: its sha256 is {found}, wanted {sha256}...", remedy, key="weights")
    try:
        state: dict[str, Tensor] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # bytes that are not what they should be raise nearly anything
        raise UserError(f"{path} cannot be read as tensors ({type(error).__name__})", remedy, key="weights") from None
    return state
