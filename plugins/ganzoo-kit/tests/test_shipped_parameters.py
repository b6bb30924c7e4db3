"""Every parameter of a shipped component has an effect: changed, it shows in what the component does."""

import io
import tarfile

import numpy as np
import pytest
import stand_ins
import torch
from ganzoo_kit.testing.component import Candidate
from ganzoo_kit.testing.effects import ASKS_A_NETWORK, judged
from ganzoo_kit.testing.subject import Lent
from PIL import Image

from ganzoo import DataSpec
from ganzoo.registry import Registry

# Parameters.

INCEPTION = "needs pytorch-fid and its weights: plugins/ganzoo-metrics/tests/test_metric_plugins_inception.py"
OF_INCEPTION = ("weights", "sha256", "repeat_grey")
DECLARED = {
    "metric fid": dict.fromkeys(("samples", "real_samples", "split", *OF_INCEPTION), INCEPTION),
    "metric inception_score": dict.fromkeys(("samples", "splits", *OF_INCEPTION), INCEPTION),
    "metric kid": dict.fromkeys(("samples", "real_samples", "split", "subsets", "subset_size", *OF_INCEPTION), INCEPTION),
    "metric stacked_modes": {"samples": "of noise it sees one mode, however many samples: tests/metrics/test_stacked_modes.py"},
    "metric precision_recall": dict.fromkeys(("network", *OF_INCEPTION), INCEPTION),
    "observer visdom": dict.fromkeys(("url", "environment", "timeout"), "needs a server: plugins/ganzoo-visdom/tests/test_visdom.py"),
    "metric as_described": dict.fromkeys(("samples", "split"), "noise is never right: plugins/ganzoo-shapes/tests/test_described.py"),
    "metric shape_and_colour": dict.fromkeys(("samples", "split"), "noise is never right: plugins/ganzoo-shapes/tests/test_shapes.py"),
    "loss perceptual": dict.fromkeys(("network", "weights", "sha256"), "of a file: plugins/ganzoo-perceptual/tests/test_perceptual.py"),
    "dataset celeba": {"max_bad": "it refuses: plugins/ganzoo-data/tests/test_celeba.py"},
    **{f"dataset {name}": {"max_bad": "it refuses: tests/data/test_hostile_images.py"} for name in ("folder", "captioned")},
    "dataset webdataset": {"max_bad": "it refuses: plugins/ganzoo-data/tests/test_webdataset.py"},
}
"""Parameters whose effect is not seen here, each with the reason and where it is."""
HALVED = [DataSpec({"sample": (1, 8, 8), "label": ()}, 3)]
HOLED = [DataSpec({"sample": (3, 16, 16), "source": (3, 16, 16), "mask": (1, 16, 16)})]
ATTRIBUTED = [DataSpec({"sample": (1, 16, 16), "attributes": (5,), "label": ()}, 7)]
CAPTIONED = [DataSpec({"sample": (3, 16, 16), "source": (3, 8, 8), "text": (4,)})]
GROWING = [Lent({"sample": (3, 16, 16)}, lend=lambda n: {"stage": 2, "alpha": torch.tensor(0.5)})]
SLOW = ("metric sliced_wasserstein", "metric classifier_fid", "metric precision_recall")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Component -> parameters given to it, other values, and example data, for those that need some."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("mnist", "cifar10", "celeba", "emnist", "qmnist", "arrays", "paired", "unpaired"):
            for place, count in ((name, 12), (f"other-{name}", 6)):
                patch.setattr(stand_ins, "COUNT", count)
                stand_ins.WRITE[name](folder / place)
    names = [path.name for path in sorted((folder / "celeba/img_align_celeba").iterdir())]
    (folder / "celeba/list_eval_partition.txt").write_text("".join(f"{name} {i % 3}\n" for i, name in enumerate(names)))
    for i, place in enumerate(("faces/train/a", "faces/train/b", "faces/test/a", "faces/test/b", "other-faces/a")):
        draw(folder / place, i)
    for i, place in enumerate(("captioned/train", "captioned/test", "other-captioned/train")):
        draw(folder / place, i)
        for j in range(3):
            (folder / place / f"{j}.txt").write_text(f"face {i} {j}")
    (folder / "captions.csv").write_text("file,caption\n" + "".join(f"train/{j}.png,a {j}\n" for j in range(3)))
    for i in range(2):
        shard(folder / f"{i}.tar", i)
    celeba = {"attribute": ("Smiling",), "attributes": (("Smiling", "Male"),), "root": (str(folder / "other-celeba"),)}
    given = {
        f"dataset {name}": ({"root": str(folder / name)}, {"root": (str(folder / f"other-{name}"),)})
        for name in ("mnist", "cifar10", "emnist", "qmnist")
    }
    return given | {
        "dataset fashion_mnist": given["dataset mnist"],
        "dataset kmnist": given["dataset mnist"],
        "dataset celeba": ({"root": str(folder / "celeba"), "size": 16}, celeba),
        "dataset stacked_mnist": ({"count": 20}, {"root": (str(folder / "mnist"),)}),
        "dataset folder": (
            {"root": str(folder / "faces"), "size": 16},
            {"root": (str(folder / "other-faces"),), "split": ("test",), "crop": (9,)},
        ),
        "dataset captioned": (
            {"root": str(folder / "captioned"), "size": 16},
            {
                "root": (str(folder / "other-captioned"),),
                "split": ("test",),
                "crop": (9,),
                "text": ("characters",),
                "captions": (str(folder / "captions.csv"),),
            },
        ),
        "dataset arrays": (
            {"file": str(folder / "arrays/images.npz")},
            {"file": (str(folder / "other-arrays/images.npz"),), "images": ("test_images",), "split": ("test",), "white": (300,)},
        ),
        **{
            f"dataset {name}": (
                {"root": str(folder / name), "size": 16},
                {"root": (str(folder / f"other-{name}"),), "load_size": (20,), "split": ("val",)},
            )
            for name in ("paired", "unpaired")
        },
        "dataset webdataset": (
            {"shards": str(folder / "0.tar"), "size": 16},
            {"shards": (str(folder / "1.tar"),), "crop": (9,), "classes": (7,)},
        ),
        "metric precision_recall": ({"network": "digits", "samples": 50, "real_samples": 50}, {"samples": (60,), "real_samples": (60,)}),
        "loss perceptual": ({"network": "digits"}, {"layer": ("stem",)}, [DataSpec({"sample": (1, 28, 28)})]),
        **{f"{side} sagan": ({"width": 8}, {}) for side in ("generator", "critic")},
        **{f"{side} {name}": ({"width": 8}, {}, HALVED) for side in ("generator", "critic") for name in ("biggan", "biggan_deep")},
        "generator progan": ({"width": 8}, {"capacity": (64,)}, GROWING),
        "critic progan": ({"width": 8}, {"capacity": (64,), "group": (1,)}, GROWING),
        "loss ada": ({"interval": 1}, {}),
        "loss top_k_fakes": ({"epoch": 1}, {}),
        "loss mutual_information": ({}, {}, [DataSpec({"sample": (2,), "category": (3,), "continuous": (2,)})]),
        **{f"{side} stackgan": ({"width": 8}, {}, CAPTIONED) for side in ("generator", "critic")},
        "generator icgan": ({"latent_units": 4}, {}, ATTRIBUTED),
        "critic icgan": ({}, {}, ATTRIBUTED),
        "metric changed_digits": ({"samples": 50}, {}, [DataSpec({"sample": (1, 32, 32), "attributes": (11,), "label": ()}, 12)]),
        "generator context_encoder": ({"bottleneck": 8}, {}, HOLED),
        "loss reconstruction": ({}, {}, HOLED),
        "metric inpainting": ({}, {}, HOLED),
        "metric stacked_modes": ({"samples": 50}, {}, [DataSpec({"sample": (3, 28, 28), "label": ()}, classes=1000)]),
    }


def picture(random):
    return Image.fromarray(random.integers(0, 256, (24, 20, 3), np.uint8))


def draw(folder, seed):
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    for i in range(3):
        picture(random).save(folder / f"{i}.png")


def shard(path, seed):
    random = np.random.default_rng(seed)
    with tarfile.open(path, "w") as tar:
        for i in range(4):
            image = io.BytesIO()
            picture(random).save(image, "PNG")
            for ending, content in (("png", image.getvalue()), ("cls", str(i % 3).encode())):
                member = tarfile.TarInfo(f"{i}.{ending}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))


COMPONENTS = [c for c in Registry.installed().components if c.kind != "command" and c.distribution.startswith("ganzoo-")]


@pytest.mark.parametrize(
    "component",
    [pytest.param(c, id=f"{c.kind} {c.name}", marks=pytest.mark.slow if f"{c.kind} {c.name}" in SLOW else ()) for c in COMPONENTS],
)
def test_every_parameter_of_a_component_has_an_effect(component, data, monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    title = f"{component.kind} {component.name}"
    given, values, *examples = data.get(title, ({}, {}))
    seen = judged(Candidate(component, given=given, data=examples[0] if examples else ()), values)
    assert {name for name, shows in seen.items() if not shows} == set(DECLARED.get(title, {}))


def test_nothing_is_declared_of_what_is_gone():
    assert DECLARED.keys() <= {f"{c.kind} {c.name}" for c in COMPONENTS}
    assert ASKS_A_NETWORK == ("download",)  # what it does: plugins/ganzoo-data/tests/test_download.py
