"""Small editions of the recipes that want a GPU, or data that cannot be given out again.

One core trains each in one to twenty-five minutes. Networks, losses and schedules are the recipe's; the widths, the number of
steps and the data are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from benchmarks.quality.trainings import ROOT, reads_mnist
from ganzoo_data.celeba import CelebA
from ganzoo_faces.data import Faces
from ganzoo_shapes.described import LENGTH, WORDS, Described, caption
from ganzoo_shapes.domains import Tinted
from ganzoo_shapes.pairs import Outlines, Scene
from PIL import Image

from ganzoo import Dataset
from ganzoo.config import load_config, resolve, resolved_values, strict_yaml
from ganzoo.data import Rows
from ganzoo.data.cache import Cache
from ganzoo.registry import Registry

from .drawn import write_cifar10

CIFAR10_IMAGES = 5000
"""Drawn for each of CIFAR-10's files."""
SHAPES: Mapping[str, Callable[..., Dataset]] = {"facades": Outlines, "horse2zebra": Tinted, "lookbook": Scene}
"""The drawn shapes that stand in for pictures to translate."""
DRAWN_ATTRIBUTES = ("Eyeglasses", "Smiling", "Mustache", "Wearing_Hat")
"""CelebA's names of the first attributes of drawn faces."""
DRAWN_FACES = 2000
FACE = 148
"""Pixels of the edge of what is shown of a face of CelebA's 178 x 218."""


@dataclass(frozen=True)
class Edition:
    """How a recipe is made small.

    Args:
        data: "mnist", "celeba", "attributed", "cifar10", "folder", "drawn", "captioned" or one of ``SHAPES``: what ``Sources.root``
            finds or draws.
        settings: ``KEY=VALUE`` each, over the recipe.
    """

    data: str
    settings: tuple[str, ...]

    def differences(self, recipe: Path) -> list[str]:
        """Each setting beside what the recipe says: "`train.steps` 2,000 (recipe: 39,500)"."""
        published, config = strict_yaml.read(recipe).value, load_config(recipe)
        whole = resolved_values(config, resolve(config, Registry.installed()))  # with what the recipe leaves at its default
        found = {key: (value, look_up(published, key)) for key, _, value in (setting.partition("=") for setting in self.settings)}
        return [
            f"`{key}` {shown(value)} (recipe: {shown(look_up(whole, key) if there is None else there)})"
            for key, (value, there) in found.items()
        ]


def narrow(width: int, steps: int, *more: str) -> tuple[str, ...]:
    """The settings that most editions need."""
    return (f"generator.width={width}", f"critic.width={width}", f"train.steps={steps}", *more)


FACES = f"data.crop={FACE}"
STYLE = (
    *("generator.capacity=512", "critic.capacity=512", "generator.mapping_layers=2", "critic.group=4", "data.size=32"),
    *("train.batch_size=16", "loss.1.gamma=0.1", "loss.2.weight=0"),
)
# VGG19's weights cannot be given out again: a distance in pixels takes the place of one in its features.
ENLARGED = (
    *("generator.blocks=4", "data.size=32", "data.crop=32", "loss.1.name=ganzoo-translation/pixel_l1", "loss.2.weight=0.01"),
    *("schedule.then=[pixel_l1,non_saturating]", "optimizer.generator.lr=1e-3"),
)
GROWN = ("generator.capacity=512", "critic.capacity=512", "data.size=32", "train.batch_size=16", "train.ema=0.99")
# With the divergence's published weight the conditions forget captions as short as these.
TOLD = (
    *("data.size=32", "data.low_resolution=2", "loss.1.weight=0.02", "loss.3.weight=0.02", "train.batch_size=32"),
    *("optimizer.generator.lr=1e-3", "optimizer.critic.lr=4e-4"),
)
WINDOWS = ("data.size=64", "data.load_size=72")
EDITIONS: Mapping[str, Edition] = {
    "dcgan_celeba": Edition("celeba", narrow(24, 2000, "train.batch_size=64", FACES)),
    "lsgan_celeba": Edition("celeba", narrow(24, 2000, FACES)),
    "wgan_celeba": Edition("celeba", narrow(16, 600, FACES)),
    "wgan_gp_celeba": Edition("celeba", narrow(16, 1500, "train.ema=0.99", FACES)),
    "dcgan_folder": Edition("folder", narrow(24, 2000, "train.ema=0.99")),
    "dcgan_stacked_mnist": Edition("mnist", narrow(32, 4000)),
    "acgan_cifar10": Edition("cifar10", ("generator.width=32", "train.steps=1500")),
    "wgan_gp_cifar10": Edition("cifar10", narrow(32, 400)),
    "icgan_celeba": Edition("attributed", narrow(8, 800, "train.batch_size=16")),
    "pix2pix_facades": Edition("facades", narrow(16, 6000, *WINDOWS)),
    "cyclegan_horse2zebra": Edition("horse2zebra", narrow(8, 3000, *WINDOWS)),
    "srgan_folder": Edition("drawn", ("generator.width=24", "critic.width=8", "train.steps=700", *ENLARGED)),
    "context_encoder_folder": Edition("drawn", narrow(32, 900, "generator.bottleneck=256", "data.size=32", "train.batch_size=32")),
    "progan_folder": Edition("drawn", narrow(32, 1500, *GROWN)),
    "stackgan_captioned": Edition("captioned", narrow(16, 600, *TOLD)),
    # Discriminators as wide as the converter tell all its pictures within 100 steps here, and it ends in noise.
    "pixeldt_lookbook": Edition("lookbook", ("generator.width=32", "critic.width=8", "train.steps=1500", "train.batch_size=32")),
    # Path lengths, and R1 as strong as at 256 pixels, keep so short a run in one colour.
    "stylegan2_folder": Edition("folder", (*narrow(32, 3000, *STYLE), "train.ema.half_life=2000", "train.ema.ramp=0.05")),
}
"""A recipe in ``zoo_configs/`` to its small edition."""


@dataclass(frozen=True)
class Sources:
    """Where the data is.

    Args:
        mnist: the folder of MNIST.
        celeba: a folder in CelebA's layout.
        made: where pictures are put that have to be made first.
    """

    mnist: Path
    celeba: Path
    made: Path

    def root(self, data: str) -> Path:
        """The folder of ``data``, absolute; makes what has to be made."""
        if data == "mnist":
            return self.mnist.resolve()
        if data == "celeba":
            return self.celeba.resolve()
        folder = (self.made / data).resolve()
        if not folder.is_dir():
            if data == "cifar10":
                write_cifar10(folder, CIFAR10_IMAGES)
            elif data == "attributed":
                write_attributed(folder)
            elif data == "drawn":
                write_faces(folder)
            elif data == "captioned":
                write_captioned(folder)
            elif data in SHAPES:
                write_shapes(data, folder)
            else:
                write_pictures(self.celeba, folder)
        return folder


def write_shapes(data: str, folder: Path) -> None:
    """Drawn shapes, 64 x 64 pixels, as others' pictures lie: sources in trainA, samples in trainB; facades are read the other way."""
    arrays = SHAPES[data](size=64).arrays(Cache())
    for name, domain in zip(("source", "sample"), ("B", "A") if data == "facades" else ("A", "B"), strict=True):
        (folder / f"train{domain}").mkdir(parents=True)
        for i, picture in enumerate(np.asarray(arrays[name])):
            Image.fromarray(picture.transpose(1, 2, 0)).save(folder / f"train{domain}/{i:06}.png")


def write_attributed(folder: Path) -> None:
    """Drawn faces in CelebA's layout: of its attributes they have those that are drawn, and none of the others."""
    asked = strict_yaml.read(ROOT / "zoo_configs/icgan_celeba.yaml").value["data"]
    (folder / "img_align_celeba").mkdir(parents=True)
    faces = Faces(count=DRAWN_FACES, size=64, attributes=True).arrays(Cache())
    lines = [f"{DRAWN_FACES}\n{' '.join(asked['attributes'])}\n"]
    for i, (face, signs) in enumerate(zip(np.asarray(faces["sample"]), np.asarray(faces["attributes"]), strict=True)):
        whole = Image.new("RGB", (178, 218))
        inner = Image.fromarray(face.transpose(1, 2, 0)).resize((asked["crop"], asked["crop"]))
        whole.paste(inner, ((178 - inner.width) // 2, (218 - inner.height) // 2))
        whole.save(folder / f"img_align_celeba/{i:06}.jpg", quality=95)
        has = dict(zip(DRAWN_ATTRIBUTES, signs, strict=False))
        lines.append(f"{i:06}.jpg {' '.join(str(int(has.get(name, -1))) for name in asked['attributes'])}\n")
    (folder / "list_attr_celeba.txt").write_text("".join(lines))
    (folder / "list_eval_partition.txt").write_text("".join(f"{i:06}.jpg 0\n" for i in range(DRAWN_FACES)))


def write_faces(folder: Path) -> None:
    """A folder of drawn faces, 32 x 32 pixels."""
    write_files(folder, Faces(count=DRAWN_FACES, size=32).arrays(Cache())["sample"])


def write_captioned(folder: Path) -> None:
    """Drawn shapes, 32 x 32 pixels, with what they are in a text file beside each."""
    arrays = Described(count=DRAWN_FACES).arrays(Cache())
    write_files(folder, arrays["sample"])
    starts = np.cumsum([0, *map(len, WORDS)])
    for i, text in enumerate(np.asarray(arrays["text"]).reshape(-1, LENGTH)):
        said = np.array([text[start:end].argmax() for start, end in pairwise(starts)])
        (folder / f"{i:06}.txt").write_text(caption(said))


def write_pictures(celeba: Path, folder: Path) -> None:
    """A plain folder of CelebA's faces, 64 x 64 pixels, as anyone's own pictures would lie in one."""
    faces = CelebA(root=str(celeba), split="all", crop=FACE, flip=False).arrays(Cache())["sample"]
    write_files(folder, faces)


def write_files(folder: Path, pictures: Rows) -> None:
    """Pictures (N, 3, H, W) uint8 as files 000000.png and so on."""
    folder.mkdir(parents=True)
    for i, picture in enumerate(np.asarray(pictures)):
        Image.fromarray(picture.transpose(1, 2, 0)).save(folder / f"{i:06}.png")


def settings_of(recipe: str, seed: int) -> list[str]:
    """What the shown run has over its recipe: the seed, one thread, and what makes it small."""
    edition = EDITIONS.get(recipe)
    return [f"train.seed={seed}", "train.threads=1", *(edition.settings if edition else ())]


def data_settings(recipe: str, sources: Sources) -> Sequence[str]:
    """Where the recipe's data lies, as settings; none where ganzoo ships it."""
    data = EDITIONS[recipe].data if recipe in EDITIONS else "mnist" if reads_mnist(recipe) else None
    return [f"data.root={sources.root(data)}"] if data else []


def look_up(values: object, key: str) -> object:
    """The value at a dotted key of nested mappings and lists; None where there is none."""
    found = values
    for name in key.split("."):
        inner = dict(enumerate(found)) if isinstance(found, list) else found if isinstance(found, Mapping) else {}
        found = inner.get(int(name) if isinstance(found, list) else name)
    return found


def shown(value: object) -> str:
    """A value for the page."""
    if isinstance(value, list):
        return "a curve" if isinstance(value[0], Mapping) else f"[{', '.join(map(shown, value))}]"
    text = str(value)
    return f"{int(text):,}" if text.isdigit() else "none" if value is None else text
