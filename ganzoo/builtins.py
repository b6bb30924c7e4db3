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


@hookimpl
def ganzoo_optimizers() -> dict[str, str]:
    """The optimizers."""
    return {
        "adam": "ganzoo.optimizers:Adam",
        "adamw": "ganzoo.optimizers:AdamW",
        "rmsprop": "ganzoo.optimizers:RMSprop",
        "sgd": "ganzoo.optimizers:SGD",
    }


@hookimpl
def ganzoo_commands() -> dict[str, str]:
    """The commands, in the order of help."""
    return {
        "run": "ganzoo.commands.run:run",
        "check": "ganzoo.commands.check:check",
        "sweep": "ganzoo.commands.sweep:sweep",
        "matrix": "ganzoo.commands.check:matrix",
        "sample": "ganzoo.commands.view:sample",
        "interpolate": "ganzoo.commands.view:interpolate",
        "neighbours": "ganzoo.commands.view:neighbours",
        "eval": "ganzoo.commands.record:evaluate",
        "report": "ganzoo.commands.record:report",
        "compare": "ganzoo.commands.compare:compare",
        "replay": "ganzoo.commands.record:replay",
        "export": "ganzoo.commands.share:export",
        "pack": "ganzoo.commands.share:pack",
        "new-plugin": "ganzoo.commands.new_plugin:new_plugin",
        "list": "ganzoo.commands.installed:list_",
        "info": "ganzoo.commands.installed:info",
        "plugins": "ganzoo.commands.installed:plugins",
        "schema": "ganzoo.commands.installed:schema",
        "doctor": "ganzoo.commands.doctor:doctor",
    }
