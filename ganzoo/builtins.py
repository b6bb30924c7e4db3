"""What the core itself gives, through the same hooks as everyone's plugins."""

from __future__ import annotations

from .hookspecs import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_schedules() -> dict[str, str]:
    """The plain schedule."""
    return {"alternate": "ganzoo.schedules:Alternate"}


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """The data sets."""
    return {
        "digits": "ganzoo.data.digits:Digits",
        "mnist": "ganzoo.data.mnist:MNIST",
        "fashion_mnist": "ganzoo.data.mnist:FashionMNIST",
        "cifar10": "ganzoo.data.cifar:CIFAR10",
        "celeba": "ganzoo.data.celeba:CelebA",
        "folder": "ganzoo.data.folder:ImageFolder",
        "ring": "ganzoo.data.toys:Ring",
        "grid": "ganzoo.data.toys:Grid",
        "stacked_mnist": "ganzoo.data.stacked:StackedMNIST",
        "webdataset": "ganzoo.data.webdataset:WebDataset",
    }


@hookimpl
def ganzoo_metrics() -> dict[str, str]:
    """The metrics."""
    return {
        "classifier_fid": "ganzoo.metrics.classifier_fid:ClassifierFID",
        "fid": "ganzoo.metrics.fid:FID",
        "inception_score": "ganzoo.metrics.recognition:InceptionScore",
        "kid": "ganzoo.metrics.kid:KID",
        "modes": "ganzoo.metrics.mode_coverage:Modes",
        "precision_recall": "ganzoo.metrics.precision_recall:PrecisionRecall",
        "sliced_wasserstein": "ganzoo.metrics.sliced_wasserstein:SlicedWasserstein",
        "stacked_modes": "ganzoo.metrics.mode_coverage:StackedModes",
    }
