"""Data sets of images: downloaded, in files of a known layout, or a folder of one's own. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """The data sets."""
    return {
        "mnist": "ganzoo_data.mnist:MNIST",
        "kmnist": "ganzoo_data.kin:KMNIST",
        "emnist": "ganzoo_data.kin:EMNIST",
        "qmnist": "ganzoo_data.kin:QMNIST",
        "fashion_mnist": "ganzoo_data.mnist:FashionMNIST",
        "cifar10": "ganzoo_data.cifar:CIFAR10",
        "celeba": "ganzoo_data.celeba:CelebA",
        "arrays": "ganzoo_data.arrays:Arrays",
        "captioned": "ganzoo_data.captioned:Captioned",
        "folder": "ganzoo_data.folder:ImageFolder",
        "paired": "ganzoo_data.pairs:Paired",
        "stacked_mnist": "ganzoo_data.stacked:StackedMNIST",
        "unpaired": "ganzoo_data.pairs:Unpaired",
        "webdataset": "ganzoo_data.webdataset:WebDataset",
    }
