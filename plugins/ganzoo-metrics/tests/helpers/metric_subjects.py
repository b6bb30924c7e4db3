"""Subjects for metrics, made of given arrays."""

import numpy as np
import torch

from ganzoo import DataSpec, Subject
from ganzoo.data.digits import Digits
from ganzoo.metrics.real import RealSamples, to_float
from ganzoo.metrics.statistics import Statistics
from ganzoo.ui.progress import reporter

CPU = torch.device("cpu")
DIGITS = DataSpec({"sample": (1, 28, 28), "label": ()}, 10)
COLOUR = DataSpec({"sample": (3, 32, 32)})
POINTS = DataSpec({"sample": (2,)}, scale=0.7)
FEW = 6
"""Images that Inception is shown: it is slow."""


def pictures(seed, n=FEW, channels=3):
    return np.random.default_rng(seed).integers(0, 256, (n, channels, 32, 32), np.uint8)


def batches(arrays, n, size=250):
    for start in range(0, n, size):
        yield {name: to_float(array[start : min(start + size, n)].copy(), CPU) for name, array in arrays.items()}


def make_subject(folder, data, made, real, dataset=None, conditional=False, size=250, **more):
    """A subject of given arrays, field -> (N, ...); samples are made in batches of ``size``."""
    return Subject(
        data,
        dataset or Digits(),
        make=lambda n: batches(made, n, size),
        real=RealSamples(data, lambda split: real),
        conditional=conditional,
        device=CPU,
        facts={"seed": 0},
        statistics=Statistics(folder, reporter(quiet=True)),
        **more,
    )


def measured(metric, subject):
    metric.prepare(subject)
    return metric.measure(subject)
