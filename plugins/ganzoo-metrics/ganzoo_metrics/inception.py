"""Inception as FID uses it: pytorch-fid's network with weights that ganzoo loads itself.

pytorch-fid's own constructor downloads a file and unpickles whatever comes. Here the network is put together from its
blocks, and the weights come from a file of the user's: its sha256 is checked, and no code in it can run.

Legend of shapes: N images, C channels, H rows, W columns.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load as parse_safetensors
from torch import Tensor
from torch.nn import functional
from torchvision.models import Inception3

from ganzoo import UserError

INCEPTION_URL = "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"
"""The official weights (91 MiB): TensorFlow's inception-2015-12-05, ported by pytorch-fid."""
INCEPTION_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
"""Of the official file; the file's name carries the first eight digits."""
INPUT_SIZE = 299
"""Rows and columns of the images that the network reads."""

_REMEDY = f"download {INCEPTION_URL} and name the file with --inception-weights"


class InceptionNetwork(Inception3):
    """The Inception of FID, random until weights are loaded: images -> 2,048 features -> 1,008 logits.

    torchvision's network with the blocks exchanged that differ in TensorFlow's graph of 2015, the way
    ``pytorch_fid.inception.fid_inception_v3`` does it. The state dict has the names of the official file.

    Raises:
        UserError: where pytorch-fid is not installed.
    """

    feature_size = 2048
    """D, the length of a feature vector: the final average pooling, "pool_3" in the literature."""

    def __init__(self) -> None:
        try:
            from pytorch_fid import inception as blocks
        except ImportError as error:
            raise UserError(f"Inception metrics need pytorch-fid ({error})", "pip install pytorch-fid") from None
        super().__init__(num_classes=1008, aux_logits=False, init_weights=False)
        self.Mixed_5b = blocks.FIDInceptionA(192, pool_features=32)
        self.Mixed_5c = blocks.FIDInceptionA(256, pool_features=64)
        self.Mixed_5d = blocks.FIDInceptionA(288, pool_features=64)
        self.Mixed_6b = blocks.FIDInceptionC(768, channels_7x7=128)
        self.Mixed_6c = blocks.FIDInceptionC(768, channels_7x7=160)
        self.Mixed_6d = blocks.FIDInceptionC(768, channels_7x7=160)
        self.Mixed_6e = blocks.FIDInceptionC(768, channels_7x7=192)
        self.Mixed_7b = blocks.FIDInceptionE_1(1280)
        self.Mixed_7c = blocks.FIDInceptionE_2(2048)

    def features(self, images: Tensor, *, repeat_grey: bool = False) -> Tensor:
        """What FID, KID, precision and recall compare.

        Args:
            images: (N, C, H, W), uint8 or floating in [-1, 1]; see ``prepare_images``.
            repeat_grey: whether grey images are repeated into three channels.

        Returns:
            (N, 2048) float32, non-negative.

        Raises:
            UserError: for images that the network cannot read.
        """
        hidden = prepare_images(images, repeat_grey=repeat_grey)  # (N, 3, 299, 299)
        for layer in (self.Conv2d_1a_3x3, self.Conv2d_2a_3x3, self.Conv2d_2b_3x3, self.maxpool1):
            hidden = layer(hidden)  # (N, 64, 73, 73) in the end
        for layer in (self.Conv2d_3b_1x1, self.Conv2d_4a_3x3, self.maxpool2):
            hidden = layer(hidden)  # (N, 192, 35, 35)
        for layer in (self.Mixed_5b, self.Mixed_5c, self.Mixed_5d, self.Mixed_6a):
            hidden = layer(hidden)  # (N, 768, 17, 17)
        for layer in (self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e, self.Mixed_7a):
            hidden = layer(hidden)  # (N, 1280, 8, 8)
        hidden = self.Mixed_7c(self.Mixed_7b(hidden))  # (N, 2048, 8, 8)
        return self.avgpool(hidden).flatten(1)  # type: ignore[no-any-return]

    def logits_of(self, features: Tensor) -> Tensor:
        """Features (N, 2048) -> logits (N, 1008) without the bias, as the authors' inception score takes them."""
        return functional.linear(features, self.fc.weight)


def prepare_images(images: Tensor, *, repeat_grey: bool = False) -> Tensor:
    """Images as the network reads them: resized bilinearly without antialiasing, as pytorch-fid does.

    Args:
        images: (N, C, H, W), uint8 in [0, 255] or floating in [-1, 1].
        repeat_grey: whether grey images (C = 1) are repeated into three channels.

    Returns:
        (N, 3, 299, 299) float32 in [-1, 1].

    Raises:
        UserError: for grey images without ``repeat_grey``, any number of channels but 3, any other type, and values
            outside the range.
    """
    if images.dim() != 4 or images.shape[1] not in (1, 3):
        raise UserError(f"Inception reads colour images (N, 3, H, W), these are {tuple(images.shape)}", "measure images of 3 channels")
    if images.shape[1] == 1 and not repeat_grey:
        raise UserError(
            "Inception reads colour images, these are grey",
            "use a metric made for them (classifier_fid for digits), or ask for the grey channel to be repeated",
        )
    if images.dtype == torch.uint8:
        unit = images.float() / 255
    elif images.is_floating_point():
        unit = (images.float() + 1) / 2
    else:
        raise UserError(
            f"Inception reads uint8 or floating images, these are {images.dtype}", "give uint8 in [0, 255] or floats in [-1, 1]"
        )
    # Written so that NaN is refused too; half precision may overshoot a little.
    if unit.numel() and not bool((unit.amin() >= -0.01) & (unit.amax() <= 1.01)):
        raise UserError("the images hold values outside [-1, 1]", "give uint8 in [0, 255] or floats in [-1, 1]")
    resized = functional.interpolate(unit, size=(INPUT_SIZE, INPUT_SIZE), mode="bilinear", align_corners=False)
    return (2 * resized - 1).expand(-1, 3, -1, -1)


def load_inception(weights: Path | None, *, sha256: str = INCEPTION_SHA256) -> InceptionNetwork:
    """FID's Inception with the weights of a file, in evaluation mode, float32, frozen. Nothing is downloaded or executed.

    Args:
        weights: the official ``.pth``, or a ``.safetensors`` with the same names; None where the user named none.
        sha256: what the file must hash to, in hexadecimal: 8 digits at least. The official file's, unless the user
            trusts another.

    Raises:
        UserError: where the file is missing, hashes to something else, cannot be read as plain tensors (a pickle with
            code in it, a truncated archive), or holds another network; where pytorch-fid is not installed.
    """
    if weights is None:
        raise UserError("Inception metrics need Inception's weights, and no file is named", _REMEDY)
    content = _read(weights)
    found = hashlib.sha256(content).hexdigest()
    if len(sha256) < 8 or not found.startswith(sha256.lower()):
        raise UserError(
            f"{weights} is truncated or holds other weights: sha256 {found} ({len(content):,} bytes), wanted {sha256}",
            f"download {INCEPTION_URL} again, or give the sha256 of weights that you trust",
        )
    network = InceptionNetwork()
    state = _parse(content, weights)
    _check_names(state, network, weights)
    network.load_state_dict(state, strict=False)  # all names are checked; only counters of batches may be missing
    network.eval().requires_grad_(False)
    return network


def _read(weights: Path) -> bytes:
    try:
        return weights.read_bytes()
    except OSError as error:
        raise UserError(f"Inception's weights {weights} cannot be read ({error.strerror})", _REMEDY) from None


def _parse(content: bytes, weights: Path) -> Mapping[str, Tensor]:
    """The file's named tensors; a pickle may hold nothing else."""
    try:
        if weights.suffix == ".safetensors":
            state = parse_safetensors(content)
        else:
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # bytes that are not what they should be raise nearly anything
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UserError(f"{weights} cannot be read as plain tensors ({reason})", _REMEDY) from None
    if not isinstance(state, Mapping) or not all(isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()):
        raise UserError(f"{weights} does not hold named tensors", _REMEDY)
    return state


def _check_names(state: Mapping[str, Tensor], network: InceptionNetwork, weights: Path) -> None:
    """Refuse a state dict of another network, naming one difference."""
    # Files of torch before 0.4.1, such as the official one, count no batches.
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    given = {name: tuple(value.shape) for name, value in state.items() if not name.endswith("num_batches_tracked")}
    if foreign := given.keys() - wanted.keys():
        difference = f"it has '{min(foreign)}' besides ({len(foreign)} such names)"
    elif lacking := wanted.keys() - given.keys():
        difference = f"it lacks '{min(lacking)}' ({len(lacking)} such names)"
    elif reshaped := [name for name, shape in wanted.items() if given[name] != shape]:
        difference = f"'{reshaped[0]}' is {given[reshaped[0]]}, wanted {wanted[reshaped[0]]}"
    else:
        return
    raise UserError(f"{weights} holds another network than FID's Inception: {difference}", _REMEDY)
